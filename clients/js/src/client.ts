// The client: what a page or a server creates once and uploads with.

import { Api, type Token } from './api.js'
import { uploadBatch, type Files } from './batch.js'
import type { ConcurrencyLimits } from './concurrency.js'
import type { Context } from './context.js'
import { systemEnv, unlessAborted, type Env } from './env.js'
import { ApiGrants } from './grants.js'
import { cancelled, unexpected } from './problem.js'
import { Slots } from './slots.js'
import { fetchTransport, xhrTransport, type Transport } from './transport.js'
import type { BatchOptions, Checksummer, ClassLimits, FileOptions, PolicyLimits, UploadBatch, UploadRecord, UploadSource, UploadStore, UploadTask } from './types.js'
import { FileUpload } from './upload.js'
import { Verdicts } from './verdicts.js'

export interface ClientOptions {
  /** The address of the API: the stack's output `ApiUrl`. */
  readonly api: string
  /** The user's token, or a function that returns it. The function is called again after a 401. */
  readonly token?: Token | undefined
  /** Replaces the global `fetch` for calls to the API, and for uploads where there is no `XMLHttpRequest`. */
  readonly fetch?: typeof fetch | undefined
  /** Sends bytes to S3; unless given, `XMLHttpRequest` in browsers and `fetch` elsewhere. */
  readonly transport?: Transport | undefined
  /** Keeps unfinished uploads over a reload: `@sluice/client/store-indexeddb` or `@sluice/client/store-node`. */
  readonly store?: UploadStore | undefined
  /** Sends a checksum with each file or part: `@sluice/client/checksum`. */
  readonly checksum?: Checksummer | undefined
  /** Transfers at the same time. */
  readonly concurrency?: Partial<ConcurrencyLimits> | undefined
  /** `false`: leaves all checks to the server, and does not read the policy. */
  readonly preflight?: boolean | undefined
  /** How long to wait for a verdict, in milliseconds; ten minutes unless given. A malware scan takes minutes. */
  readonly verdictTimeout?: number | undefined
  /** Clock, randomness and timers, for tests. */
  readonly env?: Partial<Env> | undefined
}

export interface Client {
  /** Uploads one file and returns its result. */
  upload<F extends UploadSource>(file: F, options?: FileOptions): UploadTask<F>
  /** Uploads many files. */
  upload<F extends UploadSource>(files: Iterable<F> | AsyncIterable<F>, options?: BatchOptions<F>): UploadBatch<F>
  /** The limits of a class. */
  policy(className?: string): Promise<ClassLimits>
  /** The record of an upload. */
  record(id: string, signal?: AbortSignal): Promise<UploadRecord>
  /** One page of the uploads with a verdict, newest first. */
  list(page?: { limit?: number; cursor?: string }, signal?: AbortSignal): Promise<{ items: UploadRecord[]; nextCursor: string | null }>
  /** A URL of the accepted file. It lives for five minutes. */
  content(id: string, options?: { inline?: boolean }, signal?: AbortSignal): Promise<{ url: string; expiresAt: string }>
  /** Deletes an upload permanently. */
  delete(id: string, signal?: AbortSignal): Promise<void>
}

/** HTTP/1.1 browsers open six connections to a host. */
const BROWSER_TRANSFERS: ConcurrencyLimits = { min: 1, start: 3, max: 6 }
const NODE_TRANSFERS: ConcurrencyLimits = { min: 1, start: 4, max: 16 }
const VERDICT_TIMEOUT_MS = 10 * 60_000
/** A deployment can change the policy; until then each class is read once. */
const POLICY_LIFE_MS = 5 * 60_000

export function createClient(options: ClientOptions): Client {
  const env: Env = { ...systemEnv, ...options.env }
  const sleep = env.sleep
  env.sleep = (ms, signal) => sleep(ms, signal).catch((error: unknown) => Promise.reject(signal?.aborted ? cancelled() : error))
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args))
  const hasXhr = typeof XMLHttpRequest !== 'undefined'
  const api = new Api(options.api, options.token, fetch, env)
  const defaults = hasXhr ? BROWSER_TRANSFERS : NODE_TRANSFERS
  const max = Math.max(1, options.concurrency?.max ?? defaults.max)
  const limits = { max, start: Math.min(max, options.concurrency?.start ?? defaults.start), min: Math.min(max, options.concurrency?.min ?? defaults.min) }
  const policies = new Map<string, { readAt: number; limits: Promise<ClassLimits> }>()

  const policy = (className = 'default'): Promise<ClassLimits> => {
    const known = policies.get(className)
    if (known && env.now() - known.readAt < POLICY_LIFE_MS) return known.limits
    const limits = api.body<PolicyLimits>(`/policy?class=${encodeURIComponent(className)}`).then(({ classes }) => {
      const limits = classes[className]
      if (!limits) throw unexpected('The policy has no such class.')
      return limits
    })
    policies.set(className, { readAt: env.now(), limits })
    // The next upload asks again.
    limits.catch(() => policies.delete(className))
    return limits
  }

  const context: Context = {
    api,
    env,
    grants: new ApiGrants(api, env),
    verdicts: new Verdicts(api, env, options.verdictTimeout ?? VERDICT_TIMEOUT_MS),
    slots: new Slots(limits, env),
    transport: options.transport ?? (hasXhr ? xhrTransport : fetchTransport(fetch)),
    store: options.store,
    checksum: options.checksum,
    claimed: new Set(),
    limits: async (name, signal) => (options.preflight === false ? undefined : unlessAborted(policy(name), signal)),
  }

  const uploadOne = <F extends UploadSource>(file: F, options: FileOptions): UploadTask<F> => {
    const upload = new FileUpload(context, file, options, options.onProgress)
    return Object.defineProperties(Promise.resolve().then(() => upload.run()), {
      pause: { value: () => upload.pause() },
      resume: { value: () => upload.resume() },
      cancel: { value: () => upload.cancel() },
      paused: { get: () => upload.paused },
      pausable: { get: () => upload.pausable },
    }) as UploadTask<F>
  }

  const isFile = (input: UploadSource | Files<UploadSource>): input is UploadSource => typeof (input as UploadSource).slice === 'function' && typeof (input as UploadSource).size === 'number'

  return {
    upload: ((input: UploadSource | Files<UploadSource>, options: FileOptions & BatchOptions = {}) =>
      isFile(input) ? uploadOne(input, options) : uploadBatch(context, input, options as BatchOptions)) as Client['upload'],
    policy,
    record: (id, signal) => api.body(`/uploads/${encodeURIComponent(id)}`, { signal }),
    list: ({ limit, cursor } = {}, signal) => {
      const query = new URLSearchParams({ ...(limit !== undefined && { limit: String(limit) }), ...(cursor !== undefined && { cursor }) }).toString()
      return api.body(`/uploads${query && `?${query}`}`, { signal })
    },
    content: (id, { inline } = {}, signal) => api.body(`/uploads/${encodeURIComponent(id)}/content${inline ? '?disposition=inline' : ''}`, { signal }),
    delete: async (id, signal) => {
      await api.body(`/uploads/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
    },
  }
}
