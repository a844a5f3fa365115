// Problems of the API, of S3 and of the client in one form. No message contains a URL or a token.

import { sentence, type Values } from './words.js'

/** Codes that this client adds to those of the API. */
export type ClientCode =
  | 'cancelled'
  | 'unreachable'
  | 'unauthorized'
  | 'throttled'
  | 'server-error'
  | 'unexpected-response'
  | 's3-refused'
  | 'upload-interrupted'
  | 'file-unreadable'
  | 'no-verdict'

/** Codes of the API that an upload can meet; docs/CONTRACT.md has all. */
export type ApiCode =
  | 'invalid-json' | 'invalid-body' | 'invalid-size' | 'invalid-filename' | 'invalid-content-type' | 'invalid-checksum'
  | 'invalid-cursor' | 'invalid-parameter' | 'invalid-idempotency-key' | 'metadata-too-large' | 'unauthenticated' | 'open-mode'
  | 'no-such-route' | 'not-found' | 'not-received' | 'deleted' | 'session-not-found' | 'session-closed' | 'session-completing'
  | 'session-completed' | 'parts-missing' | 'parts-changed' | 'parts-of-wrong-size' | 'parts-too-small' | 'upload-restarted'
  | 'key-taken' | 'still-validating' | 'not-accepted' | 'invalid-part' | 'object-mismatch' | 'unknown-class'
  | 'type-required' | 'type-not-allowed' | 'extension-not-allowed' | 'name-not-allowed' | 'size-required' | 'too-small' | 'too-large'
  | 'use-multipart' | 'checksum-required' | 'checksum-type-unsupported' | 'metadata-not-allowed' | 'inline-not-allowed'
  | 'idempotency-key-reused' | 'too-many-sessions' | 'unavailable'

export type ProblemCode = ApiCode | ClientCode | (string & {})

/** Why there is no verdict. */
export interface Problem {
  /** Stable: base decisions on it. */
  readonly code: ProblemCode
  readonly title: string
  /** A sentence for people; it can change. */
  readonly detail: string
  /** The limit that was missed, in bytes. */
  readonly limit?: number | undefined
  /** What the request had: bytes as a number, anything else as a text. */
  readonly actual?: number | string | undefined
  /** What would have been allowed. */
  readonly allowed?: readonly string[] | undefined
  /** The HTTP status, if there was a response. */
  readonly status?: number
  readonly source: 'api' | 's3' | 'client'
  /** The code in S3's response. */
  readonly s3Code?: string
  /** Whether the same upload can succeed later without a change. */
  readonly retryable: boolean
}

/** An error with a problem. `upload` never throws it; the other methods of a client do. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }

  get code(): ProblemCode {
    return this.problem.code
  }
}

/** The title repeats the code in words: `upload-interrupted` is "Upload interrupted". */
const problem = (code: ProblemCode, detail: string, retryable: boolean, rest: Partial<Problem> = {}): SluiceError =>
  new SluiceError({ code, title: code[0]!.toUpperCase() + code.slice(1).replaceAll('-', ' '), detail, retryable, source: 'client', ...rest })

/** A file that the class does not allow, with the values and the sentence that the server would send. */
export const refusal = (code: ApiCode, { allowed, ...values }: Values, key: string = code) =>
  problem(code, sentence(key, { allowed, ...values }), false, { ...values, ...(allowed?.length && { allowed }) })
export const deleted = () => problem('deleted', sentence('deleted'), false, { status: 404, source: 'api' })

export const cancelled = () => problem('cancelled', 'The upload was cancelled.', true)
export const unreachable = () => problem('unreachable', 'The API did not respond. Check the connection, then try again.', true)
export const unauthorized = (status?: number) =>
  problem('unauthorized', 'The sign-in is missing, expired or was not accepted. Sign in again, then retry.', true, status === undefined ? {} : { status })
export const interrupted = () => problem('upload-interrupted', 'The connection to S3 broke again and again. Try again later.', true)
export const unreadable = () => problem('file-unreadable', 'The file could not be read. It may have been moved, changed or deleted.', false)
export const noVerdict = () => problem('no-verdict', 'The file is stored, but there is no verdict yet.', true)
export const unexpected = (detail: string, status?: number) => problem('unexpected-response', detail, false, status === undefined ? {} : { status })
export const s3Refused = (status: number, s3Code: string | undefined, retryable: boolean) =>
  problem('s3-refused', `S3 refused the file with status ${status}${s3Code ? ` (${s3Code})` : ''}.`, retryable, { status, source: 's3', ...(s3Code && { s3Code }) })

/** The problem in an error response of the API or of API Gateway. */
export function apiProblem(status: number, body: unknown): SluiceError {
  const { code, title, detail, message, limit, actual, allowed } = (body ?? {}) as Partial<Problem> & { message?: string }
  const retryable = status === 401 || status === 429 || status >= 500
  if (code) return new SluiceError({ code, title: title ?? code, detail: detail ?? message ?? code, limit, actual, allowed, status, source: 'api', retryable })
  if (status === 401) return unauthorized(status)
  if (retryable) return problem(status === 429 ? 'throttled' : 'server-error', sentence('unavailable'), true, { status })
  return unexpected(message ?? `The API responded with status ${status}.`, status)
}

export const hasCode = (error: unknown, ...codes: ProblemCode[]): boolean => error instanceof SluiceError && codes.includes(error.code)
