// The upload of one file, from the policy to the verdict.

import { Gate, type Context, type Sink } from './context.js'
import { notify, onAbort } from './env.js'
import { fingerprint } from './fingerprint.js'
import { MultipartUpload } from './multipart.js'
import { review } from './policy.js'
import { cancelled, hasCode, SluiceError, unexpected, unreadable } from './problem.js'
import { isStored, putFile } from './put.js'
import { observe, rateOf, secondsLeft, startMeter, type Meter } from './progress.js'
import type { AcceptedRecord, CreateBody, FileProgress, Phase, RejectedRecord, Session, StoredUpload, UploadOptions, UploadResult, UploadSource } from './types.js'

const PROGRESS_INTERVAL_MS = 100

export class FileUpload<F extends UploadSource> {
  readonly file: F
  readonly #context: Context
  readonly #options: UploadOptions
  readonly #onProgress: ((progress: FileProgress) => void) | undefined
  readonly #onStored: () => void
  readonly #gate: Gate
  readonly #controller = new AbortController()
  #phase: Phase = 'waiting'
  #loaded = 0
  #meter: Meter | undefined
  #reportedAt = -Infinity
  #sessionId: string | undefined
  #id: string | undefined
  #fingerprint: string | undefined

  constructor(context: Context, file: F, options: UploadOptions, onProgress?: (progress: FileProgress) => void, onStored = () => {}, gate = new Gate()) {
    this.#context = context
    this.file = file
    this.#options = options
    this.#onProgress = onProgress
    this.#onStored = onStored
    this.#gate = gate
  }

  get loaded(): number {
    return this.#loaded
  }

  get paused(): boolean {
    return this.#gate.paused
  }

  get pausable(): boolean {
    return this.#sessionId !== undefined && this.#phase !== 'checking' && this.#phase !== 'done'
  }

  pause(): boolean {
    if (!this.pausable) return false
    this.#gate.pause()
    this.#report(true)
    return true
  }

  resume(): void {
    this.#gate.resume()
    this.#meter = undefined
    this.#report(true)
  }

  cancel(): void {
    this.#controller.abort()
    // A paused upload has to end as well.
    this.#gate.resume()
  }

  /** Reports that the batch was paused or resumed. */
  gateChanged(): void {
    this.#meter = undefined
    this.#report(true)
  }

  /** Never rejects. */
  async run(): Promise<UploadResult<F>> {
    const remove = onAbort(this.#options.signal, () => this.cancel())
    try {
      const result = await this.#run(this.#controller.signal)
      await this.#forget()
      return result
    } catch (error) {
      return await this.#failed(error)
    } finally {
      remove()
      if (this.#fingerprint) this.#context.claimed.delete(this.#fingerprint)
      this.#setPhase('done')
    }
  }

  async #run(signal: AbortSignal): Promise<UploadResult<F>> {
    const { file } = this
    const context = this.#context
    if (signal.aborted) throw cancelled()
    const className = this.#options.class ?? 'default'
    const limits = await context.limits(className, signal)
    const request: CreateBody = {
      filename: file.name,
      // The server knows the type of the extension; an empty type says nothing.
      contentType: this.#options.contentType || file.type || undefined,
      size: file.size,
      class: this.#options.class,
      metadata: this.#options.metadata,
    }
    const refused = limits && review(limits, request)
    if (refused) throw refused
    const stored = await this.#recall(request)
    const isLarge = limits !== undefined && file.size >= Math.min(limits.multipartFrom, limits.singleRequestMax + 1)
    const id = await this.#store(request, stored, isLarge, signal)
    this.#id = id
    this.#setLoaded(file.size)
    this.#setPhase('checking')
    this.#onStored()
    const record = await context.verdicts.wait(id, signal)
    if (record.status === 'accepted') return { status: 'accepted', file, record: record as AcceptedRecord }
    return { status: 'rejected', file, record: record as RejectedRecord, reasons: record.reasons }
  }

  /** Brings the file to S3 and returns the upload's id. */
  async #store(request: CreateBody, stored: StoredUpload | undefined, isLarge: boolean, signal: AbortSignal): Promise<string> {
    const context = this.#context
    const sink: Sink = (bytes) => this.#setLoaded(bytes)
    if (stored?.partSize !== undefined) {
      const partSize = stored.partSize
      try {
        return await this.#sendParts({ id: stored.id, sessionId: stored.id, partSize }, true, sink, signal)
      } catch (error) {
        if (!hasCode(error, 'session-closed', 'session-not-found', 'key-taken')) throw error
        return await this.#multipart(request, sink, signal)
      }
    }
    if (isLarge) return this.#multipart(request, sink, signal)
    let key: string = crypto.randomUUID()
    if (stored) {
      try {
        if (await isStored(context, stored.id, signal)) return stored.id
        key = stored.key
      } catch (error) {
        // The user deleted the upload, and now uploads the file again.
        if (!hasCode(error, 'deleted')) throw error
      }
    }
    const checksum = context.checksum && { algorithm: context.checksum.algorithm, value: await this.#digest(signal) }
    const grant = await context.grants.request({ ...request, checksum }, key, signal)
    // The class recommends a multipart upload: its parts survive a broken connection.
    if (grant === 'use-multipart' || grant.grant.multipartRecommended) return this.#multipart(request, sink, signal)
    this.#id = grant.grant.id
    await this.#save({ id: grant.grant.id, key, savedAt: context.env.now() })
    this.#setPhase('uploading')
    const outcome = await putFile(context, this.file, grant, sink, this.#gate, signal)
    return outcome === 'stored' ? grant.grant.id : this.#multipart(request, sink, signal)
  }

  async #multipart(request: CreateBody, sink: Sink, signal: AbortSignal): Promise<string> {
    const { api, checksum, env } = this.#context
    const key = crypto.randomUUID()
    const body = { ...request, partChecksum: checksum?.algorithm }
    const session = await api.body<Session>('/uploads/multipart', { method: 'POST', body, key, signal })
    await this.#save({ id: session.sessionId, key, partSize: session.partSize, savedAt: env.now() })
    return this.#sendParts(session, false, sink, signal)
  }

  async #sendParts(session: Pick<Session, 'id' | 'sessionId' | 'partSize'> & Partial<Session>, resumed: boolean, sink: Sink, signal: AbortSignal): Promise<string> {
    this.#id = session.id
    this.#sessionId = session.sessionId
    this.#setPhase('uploading')
    await new MultipartUpload(this.#context, this.file, session, sink, this.#gate, signal).run(resumed)
    this.#sessionId = undefined
    return session.id
  }

  async #digest(signal: AbortSignal): Promise<string> {
    return this.#context.checksum!.compute(this.file.slice(0, this.file.size), signal)
  }

  async #failed(error: unknown): Promise<UploadResult<F>> {
    const problem = toProblem(error, this.#controller.signal)
    if (problem.code === 'cancelled') {
      const path = this.#sessionId && `/uploads/multipart/${this.#sessionId}`
      if (path) await this.#context.api.request(path, { method: 'DELETE', maxRetries: 2 }).catch(() => {})
    }
    // The store keeps an upload that can succeed later.
    if (problem.code === 'cancelled' || !problem.retryable) await this.#forget()
    return { status: 'failed', file: this.file, problem, id: this.#id }
  }

  // A store that fails must not stop an upload: without it, the upload can't be resumed.

  async #recall(request: CreateBody): Promise<StoredUpload | undefined> {
    const { store, claimed, api, checksum } = this.#context
    if (!store) return undefined
    const print = await fingerprint(api.url, this.file, request, checksum?.algorithm)
    if (print === undefined || claimed.has(print)) return undefined
    claimed.add(print)
    this.#fingerprint = print
    return store.get(print).catch(() => undefined)
  }

  async #save(upload: StoredUpload): Promise<void> {
    if (this.#fingerprint) await this.#context.store?.set(this.#fingerprint, upload).catch(() => {})
  }

  async #forget(): Promise<void> {
    if (this.#fingerprint) await this.#context.store?.delete(this.#fingerprint).catch(() => {})
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase
    this.#report(true)
  }

  #setLoaded(loaded: number): void {
    const now = this.#context.env.now()
    this.#meter = this.#meter ? observe(this.#meter, loaded, now) : startMeter(now, loaded)
    this.#loaded = loaded
    this.#report(false)
  }

  #report(always: boolean): void {
    const now = this.#context.env.now()
    if (!this.#onProgress || (!always && now - this.#reportedAt < PROGRESS_INTERVAL_MS)) return
    this.#reportedAt = now
    const phase = this.#phase === 'uploading' && this.#gate.paused ? 'paused' : this.#phase
    const rate = this.#meter && phase === 'uploading' ? rateOf(this.#meter) : 0
    notify(this.#onProgress, { phase, loaded: this.#loaded, total: this.file.size, rate, secondsLeft: secondsLeft(this.#loaded, this.file.size, rate) })
  }
}

function toProblem(error: unknown, signal: AbortSignal) {
  if (signal.aborted) return cancelled().problem
  if (error instanceof SluiceError) return error.problem
  // Reading a file that was moved or changed fails with a DOMException.
  if (error instanceof DOMException) return unreadable().problem
  return unexpected(error instanceof Error ? error.message : 'The upload failed.').problem
}
