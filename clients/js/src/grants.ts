// Grants for single requests: many in one request where the API has POST /uploads/batch, otherwise one by one.

import type { Api } from './api.js'
import { unlessAborted, type Env } from './env.js'
import type { components } from './openapi.js'
import { apiProblem, cancelled, hasCode } from './problem.js'
import { urlDeadline } from './retry.js'
import { OptionalRoute } from './route.js'
import type { CreateBody, Grant } from './types.js'

/** A grant that can be renewed: the same id with a new URL. */
export interface RenewableGrant {
  readonly grant: Grant
  /** When the URL expires, by this machine's clock. */
  readonly deadline: number
  renew(signal: AbortSignal): Promise<RenewableGrant | 'use-multipart'>
}

export interface Grants {
  /** A grant, or `use-multipart` if the file needs a multipart upload. Throws a `SluiceError` if the API refuses the file. */
  request(body: CreateBody, key: string, signal: AbortSignal): Promise<RenewableGrant | 'use-multipart'>
  /** Whether many grants come in one request. */
  readonly batches: boolean
}

type BatchResponse = components['schemas']['Grants']

interface ReceivedBatch extends BatchResponse {
  readonly receivedAt: number
}

interface Waiting {
  readonly body: CreateBody
  readonly key: string
  readonly signal: AbortSignal
  readonly resolve: (answer: Promise<RenewableGrant | 'use-multipart'> | RenewableGrant | 'use-multipart') => void
  readonly reject: (error: unknown) => void
}

/** The API's limit for one request. */
const MAX_BATCH = 1000
/** Requests within this time share a batch. */
const COLLECT_MS = 5

export class ApiGrants implements Grants {
  readonly #api: Api
  readonly #env: Env
  readonly #route = new OptionalRoute()
  #waiting: Waiting[] = []
  #probe: Promise<void> | undefined

  constructor(api: Api, env: Env) {
    this.#api = api
    this.#env = env
  }

  get batches(): boolean {
    return this.#route.isPresent
  }

  request(body: CreateBody, key: string, signal: AbortSignal): Promise<RenewableGrant | 'use-multipart'> {
    if (this.#route.isMissing) return this.#single(body, key, signal)
    const answer = new Promise<RenewableGrant | 'use-multipart'>((resolve, reject) => {
      this.#waiting.push({ body, key, signal, resolve, reject })
      if (this.#waiting.length === 1) void this.#env.sleep(COLLECT_MS).then(() => this.#flush())
    })
    return unlessAborted(answer, signal)
  }

  async #single(body: CreateBody, key: string, signal: AbortSignal): Promise<RenewableGrant | 'use-multipart'> {
    try {
      const grant = await this.#api.body<Grant>('/uploads', { method: 'POST', body, key, signal })
      return { grant, deadline: urlDeadline(grant.url, grant.expiresAt, this.#env.now()), renew: (signal) => this.#single(body, key, signal) }
    } catch (error) {
      if (hasCode(error, 'use-multipart')) return 'use-multipart'
      throw error
    }
  }

  async #flush(): Promise<void> {
    // The first batch tells whether the route exists.
    await this.#probe
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH).filter((entry) => !entry.signal.aborted || entry.reject(cancelled()))
      if (this.#route.isMissing || batch.length < 2) {
        for (const { body, key, signal, resolve } of batch) resolve(this.#single(body, key, signal))
        continue
      }
      const sent = this.#batch(batch)
      if (!this.#route.isPresent) await (this.#probe = sent.finally(() => (this.#probe = undefined)))
    }
  }

  async #batch(batch: readonly Waiting[]): Promise<void> {
    const uploads = batch.map(({ body }) => body)
    const key = crypto.randomUUID()
    // The requests of many files share this call, so the signal of one file does not cancel it.
    const send = async (maxRetries?: number): Promise<ReceivedBatch> => {
      const response = await this.#api.body<BatchResponse>('/uploads/batch', { method: 'POST', body: { uploads }, key, ...(maxRetries !== undefined && { maxRetries }) })
      return { ...response, receivedAt: this.#env.now() }
    }
    let response: ReceivedBatch
    try {
      // No retries until the route has answered: it may be missing.
      response = await send(this.#route.isPresent ? undefined : 0)
      this.#route.found()
    } catch (error) {
      if (!this.#route.missedBy(error)) return batch.forEach(({ reject }) => reject(error))
      for (const { body, key, signal, resolve } of batch) resolve(this.#single(body, key, signal))
      return
    }
    // Files whose URLs expire together share one renewal.
    let latest = Promise.resolve(response)
    const answer = (used: Promise<ReceivedBatch>, { results, receivedAt }: ReceivedBatch, index: number): RenewableGrant | 'use-multipart' => {
      const result = results[index]
      if (result && 'grant' in result) {
        const renew = async () => {
          if (latest === used) latest = send()
          const renewed = latest
          return answer(renewed, await renewed, index)
        }
        const { url, expiresAt } = result.grant
        return { grant: result.grant, deadline: urlDeadline(url, expiresAt, receivedAt), renew }
      }
      const error = apiProblem(result?.problem.status ?? 500, result?.problem)
      if (error.code === 'use-multipart') return 'use-multipart'
      throw error
    }
    const end = response.next ?? response.results.length
    batch.forEach((entry, index) => {
      if (index >= end) return
      try {
        entry.resolve(answer(latest, response, index))
      } catch (error) {
        entry.reject(error)
      }
    })
    if (end === 0) return batch.forEach(({ reject }) => reject(apiProblem(500, undefined)))
    if (end < batch.length) await this.#batch(batch.slice(end))
  }
}
