// Uploads a file as a multipart upload: parts side by side, each with its own retries.

import type { Context, Gate, Sink } from './context.js'
import { linked } from './env.js'
import { missingParts, partCount, partRange } from './plan.js'
import { hasCode, interrupted, s3Refused } from './problem.js'
import { assertReadable } from './put.js'
import { MAX_RETRIES, backOff, readPut, urlDeadline } from './retry.js'
import type { ListedPart, PartUrl, Session, UploadSource } from './types.js'

/** Parts to sign in one request. */
const MAX_SIGNED = 100
const MAX_REFUSALS = 2
const MAX_RENEWALS = 20
/** Completions that find parts missing or changed before the upload fails. */
const MAX_COMPLETIONS = 4
const COMPLETION_POLL_MS = 2_000

interface SignedPart extends PartUrl {
  /** By this machine's clock. */
  readonly deadline: number
}

export class MultipartUpload {
  readonly #context: Context
  readonly #file: UploadSource
  readonly #sink: Sink
  readonly #gate: Gate
  readonly #signal: AbortSignal
  readonly #path: string
  readonly #partSize: number
  readonly #count: number
  readonly #urls = new Map<number, SignedPart>()
  /** Bytes sent, by part. */
  readonly #sent = new Map<number, number>()
  readonly #checksums = new Map<number, string>()
  readonly #usesChecksums: boolean
  #queue: number[] = []
  readonly #active = new Set<number>()
  #total = 0
  #signing: Promise<void> | undefined
  #listing: Promise<readonly ListedPart[]> | undefined

  constructor(context: Context, file: UploadSource, session: Pick<Session, 'sessionId' | 'partSize'> & Partial<Session>, sink: Sink, gate: Gate, signal: AbortSignal) {
    this.#context = context
    this.#file = file
    this.#sink = sink
    this.#gate = gate
    this.#signal = signal
    this.#path = `/uploads/multipart/${session.sessionId}`
    this.#partSize = session.partSize
    this.#count = partCount(file.size, session.partSize)
    this.#usesChecksums = context.checksum !== undefined
    this.#addUrls(session.parts ?? [])
  }

  /** Sends what S3 does not have, and completes the upload. `resumed`: S3 may have some parts already. */
  async run(resumed: boolean): Promise<void> {
    let missing = resumed ? await this.#missing() : Array.from({ length: this.#count }, (_, index) => index + 1)
    for (let completions = 0; ; ) {
      await this.#send(missing)
      const outcome = await this.#complete()
      if (outcome === 'completed') return
      if ((completions += 1) >= MAX_COMPLETIONS) throw outcome
      missing = await this.#missing()
      // S3 lists every part in its planned size: sending parts again can't help.
      if (missing.length === 0 && hasCode(outcome, 'parts-of-wrong-size', 'parts-too-small')) throw outcome
    }
  }

  /** The parts to send. */
  async #missing(): Promise<number[]> {
    const missing = missingParts(this.#file.size, this.#partSize, await this.#list())
    const absent = new Set(missing)
    this.#total = 0
    for (let partNumber = 1; partNumber <= this.#count; partNumber += 1) {
      const bytes = absent.has(partNumber) ? 0 : this.#sizeOf(partNumber)
      this.#sent.set(partNumber, bytes)
      this.#total += bytes
    }
    this.#sink(this.#total)
    return missing
  }

  /** The parts that S3 has. Parts that fail together share one request. */
  #list(): Promise<readonly ListedPart[]> {
    return (this.#listing ??= this.#context.api
      .body<{ parts: ListedPart[] }>(`${this.#path}/parts`, { signal: this.#signal })
      .then(({ parts }) => parts)
      .finally(() => (this.#listing = undefined)))
  }

  async #isListed(partNumber: number, size: number): Promise<boolean> {
    const isStored = (await this.#list()).some((part) => part.partNumber === partNumber && part.size === size)
    if (!isStored) this.#setSent(partNumber, 0)
    return isStored
  }

  async #send(missing: number[]): Promise<void> {
    this.#queue = missing
    this.#active.clear()
    const controller = linked(this.#signal)
    const worker = async () => {
      try {
        for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
          this.#active.add(next)
          await this.#sendPart(next, controller.signal)
          this.#active.delete(next)
        }
      } catch (error) {
        // The other parts stop as well: the upload fails anyway.
        controller.abort()
        throw error
      }
    }
    const workers = Array.from({ length: Math.min(missing.length, this.#context.slots.max) }, worker)
    const results = await Promise.allSettled(workers)
    controller.release()
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    const error = errors.find((error) => !hasCode(error, 'cancelled')) ?? errors[0]
    // Another tab or process has completed the upload.
    if (error && !hasCode(error, 'session-completed', 'session-completing')) throw error
  }

  async #sendPart(partNumber: number, signal: AbortSignal): Promise<void> {
    const { env, slots, transport } = this.#context
    const size = this.#sizeOf(partNumber)
    const body = this.#file.slice(...partRange(partNumber, this.#file.size, this.#partSize))
    let [attempt, refusals, renewals] = [0, 0, 0]
    let stopped = false
    for (;;) {
      await this.#gate.opened
      // A pause can stop a request after S3 has stored the part.
      if (stopped && (await this.#isListed(partNumber, size))) return this.#setSent(partNumber, size)
      stopped = false
      await env.online(signal)
      if (this.#usesChecksums) await this.#prepareChecksum(partNumber, body, signal)
      await slots.acquire(signal)
      let outcome: { bytes: number } | 'failed' | undefined
      let answer
      const pausing = this.#gate.signal
      const controller = linked(signal, pausing)
      try {
        if (this.#gate.paused) continue
        const part = await this.#sign(partNumber, signal)
        const response = await transport({ ...part, body, signal: controller.signal, onProgress: (bytes) => this.#setSent(partNumber, Math.min(bytes, size)) })
        answer = { ...readPut(response.status, response.body, env.now() >= part.deadline), status: response.status, mayBeStored: response.mayBeStored }
        if (answer.meaning === 'stored') outcome = { bytes: size }
        else if (answer.meaning === 'broken' || answer.meaning === 'busy') outcome = 'failed'
      } catch (error) {
        if (!pausing.aborted || signal.aborted) throw error
        stopped = true
        continue
      } finally {
        controller.release()
        slots.release(outcome)
      }
      const { meaning, status, s3Code, mayBeStored } = answer
      if (meaning === 'stored') return this.#setSent(partNumber, size)
      // The response may have been lost after S3 had stored the part.
      if (meaning === 'broken' && mayBeStored && (await this.#isListed(partNumber, size))) return this.#setSent(partNumber, size)
      this.#setSent(partNumber, 0)
      if (meaning === 'broken') await assertReadable(body)
      // S3 can close the connection on an expired URL before the page sees the response.
      if (meaning !== 'busy') this.#urls.delete(partNumber)
      if (meaning === 'lost') {
        // S3 has lost the multipart upload; the list makes the API recreate it, without its parts.
        const missing = await this.#missing()
        this.#queue = [...new Set([...this.#queue, ...missing])].filter((other) => !this.#active.has(other)).sort((a, b) => a - b)
        this.#urls.clear()
      } else if (meaning === 'expired') {
        if ((renewals += 1) > MAX_RENEWALS) throw interrupted()
        continue
      } else if (meaning === 'refused' || meaning === 'damaged' || meaning === 'exists') {
        if ((refusals += 1) > MAX_REFUSALS) throw s3Refused(status, s3Code, false)
      } else if (meaning === 'fatal') {
        throw s3Refused(status, s3Code, false)
      }
      if (attempt >= MAX_RETRIES) throw meaning === 'broken' ? interrupted() : s3Refused(status, s3Code, true)
      await env.sleep(backOff(attempt, env.random()), signal)
      attempt += 1
    }
  }

  /** A URL of the part that has not expired. One request signs the next parts as well. */
  async #sign(partNumber: number, signal: AbortSignal): Promise<SignedPart> {
    for (;;) {
      const part = this.#urls.get(partNumber)
      if (part && this.#context.env.now() < part.deadline) return part
      if (this.#signing) await this.#signing
      else await (this.#signing = this.#requestUrls(partNumber, signal).finally(() => (this.#signing = undefined)))
    }
  }

  async #requestUrls(partNumber: number, signal: AbortSignal): Promise<void> {
    const now = this.#context.env.now()
    const needsUrl = (other: number) => other !== partNumber && !(this.#urls.get(other)?.deadline! > now)
    // With checksums only parts whose checksum is known can be signed.
    const others = this.#usesChecksums ? [...this.#checksums.keys()].filter((other) => this.#sent.get(other) !== this.#sizeOf(other)) : this.#queue
    const partNumbers = [partNumber, ...others.filter(needsUrl)].slice(0, MAX_SIGNED)
    const checksums = this.#usesChecksums ? { checksums: Object.fromEntries(partNumbers.map((number) => [number, this.#checksums.get(number)])) } : {}
    const { parts } = await this.#context.api.body<{ parts: PartUrl[] }>(`${this.#path}/parts`, { method: 'POST', body: { partNumbers, ...checksums }, signal })
    this.#addUrls(parts)
    if (!parts.some((part) => part.partNumber === partNumber)) throw interrupted()
  }

  async #prepareChecksum(partNumber: number, body: Blob, signal: AbortSignal): Promise<void> {
    if (!this.#checksums.has(partNumber)) this.#checksums.set(partNumber, await this.#context.checksum!.compute(body, signal))
  }

  async #complete(): Promise<'completed' | Error> {
    const { api, env } = this.#context
    for (;;) {
      try {
        const { status, retryAfterMs } = await api.request(`${this.#path}/complete`, { method: 'POST', signal: this.#signal })
        if (status !== 202) return 'completed'
        await env.sleep(retryAfterMs ?? COMPLETION_POLL_MS, this.#signal)
      } catch (error) {
        if (hasCode(error, 'session-completing')) await env.sleep(COMPLETION_POLL_MS, this.#signal)
        else if (hasCode(error, 'parts-missing', 'parts-changed', 'parts-of-wrong-size', 'parts-too-small', 'upload-restarted')) return error as Error
        else throw error
      }
    }
  }

  #addUrls(parts: readonly PartUrl[]): void {
    const now = this.#context.env.now()
    for (const part of parts) this.#urls.set(part.partNumber, { ...part, deadline: urlDeadline(part.url, part.expiresAt, now) })
  }

  #sizeOf(partNumber: number): number {
    const [start, end] = partRange(partNumber, this.#file.size, this.#partSize)
    return end - start
  }

  #setSent(partNumber: number, bytes: number): void {
    this.#total += bytes - (this.#sent.get(partNumber) ?? 0)
    this.#sent.set(partNumber, bytes)
    this.#sink(this.#total)
  }
}
