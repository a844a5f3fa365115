// Calls to the API: token, time-outs and retries.

import { linked, unlessAborted, type Env } from './env.js'
import { apiProblem, cancelled, unauthorized, unreachable } from './problem.js'
import { MAX_RETRIES, decideApi, retryAfter } from './retry.js'

export type Token = string | (() => string | undefined | Promise<string | undefined>)

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  /** The idempotency key. */
  readonly key?: string
  readonly signal?: AbortSignal | undefined
  readonly maxRetries?: number
}

export interface ApiResponse<T> {
  readonly status: number
  readonly body: T
  readonly retryAfterMs: number | undefined
}

/** API Gateway answers within 30 seconds. */
const TIMEOUT_MS = 35_000
const PROBE_TIMEOUT_MS = 10_000

export class Api {
  readonly #url: string
  readonly #token: Token | undefined
  readonly #fetch: typeof fetch
  readonly #env: Env
  #bearer: Promise<string | undefined> | undefined
  /** No request is sent before this time: the API asked for a pause. */
  #notBefore = 0

  constructor(url: string, token: Token | undefined, fetch: typeof globalThis.fetch, env: Env) {
    this.#url = url.replace(/\/+$/, '')
    this.#token = token
    this.#fetch = fetch
    this.#env = env
  }

  get url(): string {
    return this.#url
  }

  /** The body of a successful response. Throws a `SluiceError` for every other outcome. */
  async body<T>(path: string, request?: ApiRequest): Promise<T> {
    return (await this.request<T>(path, request)).body
  }

  async request<T>(path: string, { method = 'GET', body, key, signal, maxRetries = MAX_RETRIES }: ApiRequest = {}): Promise<ApiResponse<T>> {
    const env = this.#env
    let renewed = false
    for (let attempt = 0; ; attempt += 1) {
      await env.online(signal)
      while (this.#notBefore > env.now()) await env.sleep(this.#notBefore - env.now(), signal)
      const bearer = (this.#bearer ??= this.#ask())
      const headers: Record<string, string> = {}
      const token = await (signal ? unlessAborted(bearer, signal) : bearer)
      if (token) headers.authorization = `Bearer ${token}`
      if (key) headers['idempotency-key'] = key
      if (body !== undefined) headers['content-type'] = 'application/json'
      const init: RequestInit = { method, headers, cache: 'no-store', ...(body !== undefined && { body: JSON.stringify(body) }) }
      const response = await this.#send(path, init, TIMEOUT_MS, signal)
      const json: unknown = await response?.json().catch(() => undefined)
      if (signal?.aborted) throw cancelled()
      const hidden = !response && attempt === 1 && (await this.#hides401(token))
      // A body that was cut off is a lost response.
      const status = hidden ? 401 : !response || (response.ok && json === undefined) ? 0 : response.status
      const retryAfterMs = retryAfter(response?.headers.get('retry-after'), env.now())
      const code = (json as { code?: string } | undefined)?.code
      const canRenew = !renewed && typeof this.#token === 'function'
      const decision = decideApi({ status, retryAfterMs, attempt, maxRetries, canRenew, random: env.random(), code })
      if (decision === 'return') return { status, body: json as T, retryAfterMs }
      if (decision === 'fail') throw hidden ? unauthorized() : status === 0 ? unreachable() : apiProblem(status, json)
      if (decision === 'renew-token') {
        renewed = true
        // Requests that fail together share one new token.
        if (this.#bearer === bearer) this.#bearer = undefined
        continue
      }
      // Other requests would be refused as well.
      if (status === 429 || (status === 503 && retryAfterMs !== undefined)) this.#notBefore = Math.max(this.#notBefore, env.now() + (retryAfterMs ?? 0))
      await env.sleep(decision, signal)
    }
  }

  async #ask(): Promise<string | undefined> {
    try {
      return typeof this.#token === 'function' ? await this.#token() : this.#token
    } catch {
      this.#bearer = undefined
      throw unauthorized()
    }
  }

  /** Undefined if there was no readable response. */
  async #send(path: string, init: RequestInit, timeoutMs: number, signal?: AbortSignal): Promise<Response | undefined> {
    const controller = linked(signal)
    const timer = setTimeout(() => controller.abort(), timeoutMs)
    try {
      const response = await this.#fetch(this.#url + path, { ...init, signal: controller.signal })
      // The time-out covers the body.
      const text = init.mode === 'no-cors' ? '' : await response.text()
      return new Response(text || null, { status: response.status || 204, headers: response.headers })
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
      controller.release()
    }
  }

  /**
   * Whether the API refuses the token in a response that the page can't read. A 401 of API Gateway may have no CORS headers;
   * a request without CORS then shows that the API does respond.
   */
  async #hides401(token: string | undefined): Promise<boolean> {
    if (typeof window === 'undefined') return false
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    if (await this.#send('/policy', { headers, cache: 'no-store' }, PROBE_TIMEOUT_MS)) return false
    return !!(await this.#send('/policy', { mode: 'no-cors', cache: 'no-store' }, PROBE_TIMEOUT_MS))
  }
}
