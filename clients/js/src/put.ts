// Uploads a file in one request.

import type { Context, Gate, Sink } from './context.js'
import type { RenewableGrant } from './grants.js'
import { hasCode, interrupted, s3Refused, unreadable } from './problem.js'
import { MAX_RETRIES, backOff, readPut } from './retry.js'
import type { UploadRecord, UploadSource } from './types.js'

/** Fresh URLs for a response that a fresh URL does not usually change. */
const MAX_REFUSALS = 2
/** URLs that expire again and again are no progress. */
const MAX_RENEWALS = 20

/** Whether S3 has the object of an upload id. Throws if the upload was deleted. */
export async function isStored(context: Context, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { status } = await context.api.body<UploadRecord>(`/uploads/${id}`, { signal })
    return status !== 'uploading'
  } catch (error) {
    if (hasCode(error, 'not-received')) return false
    throw error
  }
}

/** Throws if the first byte can't be read: a file that was moved or changed looks like a broken connection. */
export async function assertReadable(file: Pick<UploadSource, 'slice'>): Promise<void> {
  await file
    .slice(0, 1)
    .arrayBuffer()
    .catch(() => Promise.reject(unreadable()))
}

/** Returns when S3 has the file, or `use-multipart` if the API says so while it renews the grant. */
export async function putFile(context: Context, file: UploadSource, first: RenewableGrant, sink: Sink, gate: Gate, signal: AbortSignal): Promise<'stored' | 'use-multipart'> {
  const { env, slots, transport } = context
  let current = first
  let [attempt, refusals, renewals] = [0, 0, 0]
  const renew = async () => {
    if ((renewals += 1) > MAX_RENEWALS) throw interrupted()
    const renewed = await current.renew(signal)
    if (renewed === 'use-multipart') return renewed
    current = renewed
    return undefined
  }
  for (;;) {
    await gate.opened
    await env.online(signal)
    await slots.acquire(signal)
    let outcome: { bytes: number } | 'failed' | undefined
    let answer
    try {
      if (gate.paused) continue
      if (env.now() >= current.deadline && (await renew())) return 'use-multipart'
      const { url, headers } = current.grant
      const response = await transport({ url, headers, body: file.slice(0, file.size), signal, onProgress: sink })
      answer = readPut(response.status, response.body, env.now() >= current.deadline)
      answer = { ...answer, status: response.status }
      if (answer.meaning === 'stored') outcome = { bytes: file.size }
      else if (answer.meaning === 'broken' || answer.meaning === 'busy') outcome = 'failed'
    } finally {
      slots.release(outcome)
    }
    const { meaning, status, s3Code } = answer
    if (meaning === 'stored') return 'stored'
    // An earlier attempt may have arrived although its response did not. S3 can also refuse a request before its end.
    if ((meaning === 'exists' || meaning === 'broken' || meaning === 'refused' || meaning === 'expired') && (await isStored(context, current.grant.id, signal))) return 'stored'
    sink(0)
    if (meaning === 'broken') await assertReadable(file)
    if (meaning === 'expired') {
      if (await renew()) return 'use-multipart'
      continue
    }
    if (meaning === 'refused' || meaning === 'damaged') {
      if ((refusals += 1) > MAX_REFUSALS) throw s3Refused(status, s3Code, false)
      if (await renew()) return 'use-multipart'
    } else if (meaning === 'fatal' || meaning === 'lost') {
      throw s3Refused(status, s3Code, false)
    }
    if (attempt >= MAX_RETRIES) throw meaning === 'broken' ? interrupted() : s3Refused(status, s3Code, true)
    await env.sleep(backOff(attempt, env.random()), signal)
    attempt += 1
  }
}

