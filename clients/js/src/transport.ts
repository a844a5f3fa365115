// Sends bytes to S3. Browsers use XMLHttpRequest, because fetch reports no upload progress; Node uses fetch.

import { linked, onAbort } from './env.js'
import { cancelled } from './problem.js'

export interface PutRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Blob
  readonly signal: AbortSignal
  /** Bytes sent so far. */
  readonly onProgress: (sent: number) => void
}

export interface PutResponse {
  /** 0: the connection broke or timed out before a response. */
  readonly status: number
  readonly body: string
  /** Whether all bytes may have been sent. If not, S3 does not have the object or part. */
  readonly mayBeStored: boolean
}

/** Sends a PUT. Rejects only if the signal is aborted. */
export type Transport = (request: PutRequest) => Promise<PutResponse>

/** Without progress for so long, a request has stalled. */
const STALL_MS = 30_000
/** S3 may take longer to answer once it has all bytes. */
const RESPONSE_MS = 120_000
/** The slowest link that a request without progress events is given time for, in bytes a millisecond. */
const SLOWEST = 16

/** The headers to set: HTTP clients set the length themselves. */
const sentHeaders = (headers: Readonly<Record<string, string>>) => Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length')

export const xhrTransport: Transport = ({ url, headers, body, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelled())
    const request = new XMLHttpRequest()
    let sent = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const watch = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => request.abort(), ms)
    }
    const remove = onAbort(signal, () => request.abort())
    request.upload.onprogress = ({ loaded }) => {
      sent = loaded
      onProgress(loaded)
      watch(loaded < body.size ? STALL_MS : RESPONSE_MS)
    }
    request.onloadend = () => {
      clearTimeout(timer)
      remove()
      if (signal.aborted) reject(cancelled())
      else resolve({ status: request.status, body: request.responseText ?? '', mayBeStored: sent >= body.size })
    }
    request.open('PUT', url)
    for (const [name, value] of sentHeaders(headers)) request.setRequestHeader(name, value)
    watch(STALL_MS)
    request.send(body)
  })

export const fetchTransport =
  (fetch: typeof globalThis.fetch): Transport =>
  async ({ url, headers, body, signal, onProgress }) => {
    if (signal.aborted) throw cancelled()
    const controller = linked(signal)
    const timer = setTimeout(() => controller.abort(), STALL_MS + RESPONSE_MS + body.size / SLOWEST)
    try {
      const response = await fetch(url, { method: 'PUT', headers: sentHeaders(headers), body, redirect: 'error', signal: controller.signal } as RequestInit)
      const text = await response.text().catch(() => '')
      if (response.ok) onProgress(body.size)
      return { status: response.status, body: text, mayBeStored: true }
    } catch (error) {
      if (signal.aborted) throw cancelled()
      return { status: 0, body: '', mayBeStored: true }
    } finally {
      clearTimeout(timer)
      controller.release()
    }
  }
