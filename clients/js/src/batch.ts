// The upload of many files: the list is read lazily, a bounded number of files is worked on, results come as they are known.

import { Gate, type Context } from './context.js'
import { notify, onAbort } from './env.js'
import { mayStart, shouldRefill } from './plan.js'
import { observe, rateOf, secondsLeft, startMeter } from './progress.js'
import type { BatchOptions, UploadBatch, UploadOptions, UploadResult, UploadSource } from './types.js'
import { FileUpload } from './upload.js'

/** Files that are stored and wait for their verdict. One request asks for as many. */
const MAX_CHECKING = 1000
/** Results that wait for the consumer of an iterator. Then no more files are started. */
const MAX_UNREAD = 1000
const PROGRESS_INTERVAL_MS = 100

export type Files<F> = Iterable<F> | AsyncIterable<F>

export function uploadBatch<F extends UploadSource>(context: Context, files: Files<F>, options: BatchOptions<F>): UploadBatch<F> {
  const batch = new Batch(context, files, options)
  // Starts later, so that a caller who iterates has asked for the iterator: then results are not kept.
  const promise = Promise.resolve().then(() => batch.run())
  // An error of the list of files reaches callers who await or iterate. Without this line it is also uncaught.
  promise.catch(() => {})
  return Object.defineProperties(promise, {
    pause: { value: () => batch.pause() },
    resume: { value: () => batch.resume() },
    cancel: { value: () => batch.cancel() },
    paused: { get: () => batch.paused },
    [Symbol.asyncIterator]: { value: () => batch.iterate(promise) },
  }) as UploadBatch<F>
}

class Batch<F extends UploadSource> {
  readonly #context: Context
  readonly #files: Files<F>
  readonly #options: BatchOptions<F>
  /** Without the signal: the batch cancels its files. */
  readonly #fileOptions: UploadOptions
  readonly #gate = new Gate()
  #cancelled = false
  readonly #running = new Set<FileUpload<F>>()
  /** Files and bytes that were started and are not stored yet. */
  #active = 0
  #activeBytes = 0
  /** Wakes the loop that starts files. */
  #wake = () => {}
  #iterated = false
  #finished = false
  readonly #unread: UploadResult<F>[] = []
  #wakeReader = () => {}

  readonly #counts = { started: 0, accepted: 0, rejected: 0, failed: 0 }
  readonly #known: { total: number; files: number } | undefined
  #startedBytes = 0
  #endedBytes = 0
  #meter
  #reportedAt = -Infinity

  constructor(context: Context, files: Files<F>, options: BatchOptions<F>) {
    this.#context = context
    // A list has a known size, and a copy of it does not change; a lazy list is read only once.
    const list = 'length' in files ? [...(files as Iterable<F>)] : undefined
    this.#files = list ?? files
    this.#known = list && { total: list.reduce((sum, { size }) => sum + size, 0), files: list.length }
    this.#options = options
    const { signal: _, ...fileOptions } = options
    this.#fileOptions = fileOptions
    this.#meter = startMeter(context.env.now())
  }

  get paused(): boolean {
    return this.#gate.paused
  }

  pause(): boolean {
    if (this.#finished) return false
    this.#gate.pause()
    for (const upload of this.#running) upload.gateChanged()
    return true
  }

  resume(): void {
    this.#gate.resume()
    this.#meter = startMeter(this.#context.env.now(), this.#loaded())
    for (const upload of this.#running) upload.gateChanged()
  }

  cancel(): void {
    this.#cancelled = true
    for (const upload of this.#running) upload.cancel()
    this.#gate.resume()
    this.#wake()
  }

  async run(): Promise<UploadResult<F>[]> {
    const results: UploadResult<F>[] = []
    const keeps = !this.#iterated && this.#options.keepResults !== false
    const remove = onAbort(this.#options.signal, () => this.cancel())
    const ends = new Set<Promise<void>>()
    try {
      let index = 0
      for await (const file of this.#files as AsyncIterable<F>) {
        await this.#room()
        // After a cancellation the rest of a lazy list is not read; each file of an array has a result.
        if (this.#cancelled && !this.#known) break
        const position = index++
        const end = this.#start(file).then((result) => {
          if (keeps) results[position] = result
        })
        ends.add(end)
        void end.then(() => ends.delete(end))
      }
    } finally {
      await Promise.all(ends)
      this.#finished = true
      remove()
      this.#report(true)
      this.#wakeReader()
    }
    return results
  }

  async *iterate(promise: Promise<unknown>): AsyncGenerator<UploadResult<F>, void, undefined> {
    this.#iterated = true
    try {
      for (;;) {
        const result = this.#unread.shift()
        if (result) {
          this.#wake()
          yield result
        } else if (this.#finished) {
          await promise
          return
        } else {
          await new Promise<void>((resolve) => (this.#wakeReader = resolve))
        }
      }
    } finally {
      // The caller left the loop early.
      if (!this.#finished) this.cancel()
    }
  }

  /** Waits until one more file may be started. */
  async #room(): Promise<void> {
    const { slots, grants } = this.#context
    // Two more than transfers, so that the next file has its grant when a transfer ends.
    const transfers = () => slots.limit + 2
    const isFull = () => this.#running.size - this.#active >= MAX_CHECKING || this.#unread.length >= MAX_UNREAD
    const mayGoOn = (check: typeof mayStart) => this.#cancelled || (!this.#gate.paused && !isFull() && check(this.#active, this.#activeBytes, transfers(), grants.batches))
    if (mayGoOn(mayStart)) return
    while (!mayGoOn(shouldRefill)) {
      await (this.#gate.paused ? this.#gate.opened : new Promise<void>((resolve) => (this.#wake = resolve)))
    }
  }

  async #start(file: F): Promise<UploadResult<F>> {
    const { onFileProgress, onResult } = this.#options
    let isActive = true
    const leave = () => {
      if (!isActive) return
      isActive = false
      this.#active -= 1
      this.#activeBytes -= file.size
      this.#wake()
    }
    const upload = new FileUpload(
      this.#context,
      file,
      this.#fileOptions,
      (progress) => {
        notify(onFileProgress, file, progress)
        this.#report(false)
      },
      leave,
      this.#gate,
    )
    this.#running.add(upload)
    this.#active += 1
    this.#activeBytes += file.size
    this.#counts.started += 1
    this.#startedBytes += file.size
    if (this.#cancelled) upload.cancel()
    const result = await upload.run()
    leave()
    this.#running.delete(upload)
    this.#wake()
    this.#endedBytes += file.size
    this.#counts[result.status] += 1
    notify(onResult, result)
    if (this.#iterated) {
      this.#unread.push(result)
      this.#wakeReader()
    }
    this.#report(false)
    return result
  }

  #loaded(): number {
    let loaded = this.#endedBytes
    for (const upload of this.#running) loaded += upload.loaded
    return loaded
  }

  #report(always: boolean): void {
    const { onProgress } = this.#options
    const now = this.#context.env.now()
    if (!onProgress || (!always && now - this.#reportedAt < PROGRESS_INTERVAL_MS)) return
    this.#reportedAt = now
    const loaded = this.#loaded()
    this.#meter = observe(this.#meter, loaded, now)
    const total = this.#known?.total ?? (this.#finished ? this.#startedBytes : undefined)
    const files = this.#known?.files ?? (this.#finished ? this.#counts.started : undefined)
    const rate = this.#gate.paused || this.#finished ? 0 : rateOf(this.#meter)
    notify(onProgress, { ...this.#counts, loaded, rate, total, files, secondsLeft: secondsLeft(loaded, total, rate) })
  }
}
