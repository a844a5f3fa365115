// The parts of a multipart upload, as plain functions.

import type { ListedPart } from './types.js'

/** The number of parts: at least one. */
export const partCount = (size: number, partSize: number): number => Math.max(1, Math.ceil(size / partSize))

/** The bytes of a part: `[start, end)`. */
export function partRange(partNumber: number, size: number, partSize: number): [start: number, end: number] {
  const start = (partNumber - 1) * partSize
  return [start, Math.min(size, start + partSize)]
}

/** The parts that S3 does not have, or has in another size. */
export function missingParts(size: number, partSize: number, listed: readonly ListedPart[]): number[] {
  const sizes = new Map(listed.map((part) => [part.partNumber, part.size]))
  const missing = []
  for (let partNumber = 1; partNumber <= partCount(size, partSize); partNumber += 1) {
    const [start, end] = partRange(partNumber, size, partSize)
    if (sizes.get(partNumber) !== end - start) missing.push(partNumber)
  }
  return missing
}

/** How many files are prepared ahead of their transfer, so that one request asks for many grants. */
const MAX_FILES_AHEAD = 500
/** A file that waits too long for its transfer needs its URL signed again. */
const MAX_BYTES_AHEAD = 64_000_000

/** Whether one more file may be started: `active` files with `bytes` are not yet transferred. */
export function mayStart(active: number, bytes: number, transfers: number, batches: boolean): boolean {
  if (active < transfers) return true
  return batches && active < MAX_FILES_AHEAD && bytes < MAX_BYTES_AHEAD
}

/** Whether to refill the list of started files. Waiting for half of it to finish makes batches large. */
export function shouldRefill(active: number, bytes: number, transfers: number, batches: boolean): boolean {
  return active < transfers || (batches && active <= MAX_FILES_AHEAD / 2 && bytes <= MAX_BYTES_AHEAD / 2)
}

/** The longest gap for few files, and at the end of a list. */
const MAX_GAP_MS = 3_000
/** The longest gap while a long list is being uploaded. */
const MAX_LIST_GAP_MS = 20_000
const LONG_LIST = 100

/**
 * The least pause between two requests for the verdicts of `pending` files, after `polls` such requests. `arriving` is how
 * many files of the list are stored while more are being uploaded, and 0 once no more come. In a long list verdicts are
 * collected, so that few requests tell many. So many pending files that uploads soon have to wait are asked for at once.
 */
export function pollGap(pending: number, polls: number, arriving: number): number {
  if (pending > 500) return 500
  const max = Math.min(MAX_LIST_GAP_MS, MAX_GAP_MS + 100 * Math.max(0, arriving - LONG_LIST))
  return Math.min(max, Math.max(pending * 30, 200 * 3 ** polls))
}
