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

interface Answer {
  readonly id: number
  readonly value?: string
  readonly error?: string
}

/** Declares a checksum for each file, or for each part of a multipart upload. S3 refuses other bytes. */
export function checksums({ algorithm = 'crc64nvme', worker: makeWorker }: ChecksumOptions = {}): Checksummer {
  if (typeof Worker === 'undefined') return { algorithm, compute: (blob, signal) => unlessAborted(computeChecksum(blob, algorithm), signal) }
  const jobs = new Map<number, { resolve(value: string): void; reject(error: unknown): void }>()
  let worker: Worker | undefined
  let lastId = 0
  const start = (): Worker => {
    const started = makeWorker?.() ?? new Worker(new URL('./checksum-worker.js', import.meta.url), { type: 'module' })
    started.onmessage = ({ data: { id, value, error } }: MessageEvent<Answer>) => {
      if (value !== undefined) jobs.get(id)?.resolve(value)
      else jobs.get(id)?.reject(new DOMException('the file could not be read', error))
      jobs.delete(id)
    }
    started.onerror = () => {
      worker = undefined
      for (const { reject } of jobs.values()) reject(new Error('the checksum worker did not start'))
      jobs.clear()
    }
    return started
  }
  const compute = (blob: Blob): Promise<string> =>
    new Promise((resolve, reject) => {
      worker ??= start()
      jobs.set((lastId += 1), { resolve, reject })
      worker.postMessage({ id: lastId, blob, algorithm })
    })
  return { algorithm, compute: (blob, signal) => unlessAborted(compute(blob), signal) }
}
