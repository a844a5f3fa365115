// Decisions about retries, as plain functions.

const BASE_MS = 250
const MAX_MS = 20_000
/** Retries of one request before it fails. */
export const MAX_RETRIES = 8

/** Growing pauses with jitter: from half of the pause to all of it. */
export function backOff(attempt: number, random: number, baseMs = BASE_MS, maxMs = MAX_MS): number {
  return Math.min(maxMs, baseMs * 2 ** attempt) * (0.5 + random / 2)
}

/** The pause that a `Retry-After` header asks for, in milliseconds: seconds or an HTTP date. */
export function retryAfter(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** A number: retry after so many milliseconds. */
export type ApiDecision = 'return' | 'fail' | 'renew-token' | number

/** What to do after a response of the API; `status` 0 means that there was none. */
export function decideApi(answer: { status: number; retryAfterMs?: number | undefined; attempt: number; maxRetries: number; canRenew: boolean; random: number; code?: string | undefined }): ApiDecision {
  const { status, attempt, random } = answer
  if (status >= 200 && status < 300) return 'return'
  if (status === 401) return answer.canRenew ? 'renew-token' : 'fail'
  // Too many open sessions is a limit of the class, not of the rate.
  const passing = status === 0 || status === 408 || status >= 500 || (status === 429 && answer.code !== 'too-many-sessions')
  if (!passing || attempt >= answer.maxRetries) return 'fail'
  const pauseMs = backOff(attempt, random)
  // Jitter after the requested time keeps callers from returning all at once.
  return answer.retryAfterMs === undefined ? pauseMs : answer.retryAfterMs + random * BASE_MS
}

/** What a response of S3 to a PUT means; without a response the status is 0. */
export type PutMeaning = 'stored' | 'exists' | 'broken' | 'expired' | 'refused' | 'lost' | 'busy' | 'damaged' | 'fatal'

export function readPut(status: number, body: string, urlExpired: boolean): { meaning: PutMeaning; s3Code?: string } {
  const s3Code = /<Code>([\w.]+)<\/Code>/.exec(body)?.[1]
  const is = (meaning: PutMeaning) => ({ meaning, ...(s3Code !== undefined && { s3Code }) })
  if (status >= 200 && status < 300) return is('stored')
  if (status === 0) return is('broken')
  if (status === 412) return is('exists')
  if (s3Code === 'ExpiredToken' || (status === 403 && (urlExpired || /expired/i.test(body)))) return is('expired')
  if (status === 403) return is('refused')
  if (status === 404) return is('lost')
  if (status === 409 || status === 408 || status === 429 || status >= 500 || s3Code === 'RequestTimeout') return is('busy')
  if (s3Code === 'BadDigest') return is('damaged')
  return is('fatal')
}

/** A margin for the time between the signature and the start of the request. */
const URL_MARGIN_MS = 10_000

/**
 * When a URL that was received at `now` expires, by this machine's clock. The life comes from the URL itself, because the
 * clocks of server and client can differ.
 */
export function urlDeadline(url: string, expiresAt: string, now: number): number {
  const seconds = Number(/[?&]X-Amz-Expires=(\d+)/i.exec(url)?.[1])
  const lifeMs = seconds > 0 ? seconds * 1000 : Math.max(60_000, Date.parse(expiresAt) - now)
  return now + lifeMs - Math.min(URL_MARGIN_MS, lifeMs / 10)
}
