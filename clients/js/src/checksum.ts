// Checksums off the main thread: in a worker in browsers. Node has no such worker and computes in pieces between other work.

import { computeChecksum } from './checksum-compute.js'
import { unlessAborted } from './env.js'
import type { ChecksumAlgorithm, Checksummer } from './types.js'

export interface ChecksumOptions {
  /** `crc64nvme` unless given: it needs little memory for files of any size. */
  readonly algorithm?: ChecksumAlgorithm | undefined
  /** Makes the worker, where a bundler does not find it by itself. */
  readonly worker?: (() => Worker) | undefined
}

interface Job {
  readonly blob: Blob
  resolve(value: string): void
  reject(error: unknown): void
}

interface Answer {
  readonly id: number
  readonly value?: string
  readonly error?: string
}

/** Declares a checksum for each file, or for each part of a multipart upload. S3 refuses other bytes. */
export function checksums({ algorithm = 'crc64nvme', worker: makeWorker }: ChecksumOptions = {}): Checksummer {
  if (typeof Worker === 'undefined') return { algorithm, compute: (blob, signal) => unlessAborted(computeChecksum(blob, algorithm), signal) }
  const jobs = new Map<number, Job>()
  let worker: Worker | undefined
  let isBroken = false
  let lastId = 0
  const computeHere = ({ blob, resolve, reject }: Job) => void computeChecksum(blob, algorithm).then(resolve, reject)
  const start = (): Worker => {
    const started = makeWorker?.() ?? new Worker(new URL('./checksum-worker.js', import.meta.url), { type: 'module' })
    started.onmessage = ({ data: { id, value, error } }: MessageEvent<Answer>) => {
      if (value !== undefined) jobs.get(id)?.resolve(value)
      else jobs.get(id)?.reject(new DOMException('the file could not be read', error))
      jobs.delete(id)
    }
    // The script may be missing, or the page's Content-Security-Policy may forbid it. An upload is worth a busy page.
    started.onerror = () => {
      isBroken = true
      jobs.forEach(computeHere)
      jobs.clear()
    }
    return started
  }
  const compute = (blob: Blob): Promise<string> =>
    new Promise((resolve, reject) => {
      const job = { blob, resolve, reject }
      if (isBroken) return computeHere(job)
      worker ??= start()
      jobs.set((lastId += 1), job)
      worker.postMessage({ id: lastId, blob, algorithm })
    })
  return { algorithm, compute: (blob, signal) => unlessAborted(compute(blob), signal) }
}
