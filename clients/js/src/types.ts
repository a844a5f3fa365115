// The types of this package's interface. The bodies of the API are generated from docs/openapi.json: `npm run types`.

import type { components } from './openapi.js'
import type { Problem } from './problem.js'

type Schemas = components['schemas']

/** A file to upload: a `File`, a `Blob` with a name, or anything else that can be sliced into blobs. */
export interface UploadSource {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly type?: string
  /** Milliseconds since 1970. Without it an upload can't be resumed after a reload. */
  readonly lastModified?: number
  slice(start?: number, end?: number): Blob
}

/** Metadata of an upload: your own names and text values, as far as the class allows them. */
export type Metadata = Readonly<Record<string, string>>

export type ChecksumAlgorithm = Schemas['ChecksumAlgorithm']

/** A checksum in base64. */
export type Checksum = Schemas['Checksum']

/** Computes checksums. `@sluice/client/checksum` has one that works in a worker. */
export interface Checksummer {
  readonly algorithm: ChecksumAlgorithm
  /** The checksum of a blob, in base64. */
  compute(blob: Blob, signal: AbortSignal): Promise<string>
}

/** A reason for a rejection, or a finding. `docs/CONTRACT.md` lists the codes. */
export type Reason = Schemas['Note']

/** The record of an upload, as `GET /uploads/{id}` returns it. */
export type UploadRecord = Schemas['Upload']

export type AcceptedRecord = UploadRecord & { readonly status: 'accepted' }
export type RejectedRecord = UploadRecord & { readonly status: 'rejected' }

export interface Accepted<F = UploadSource> {
  readonly status: 'accepted'
  readonly file: F
  readonly record: AcceptedRecord
}

/** The server refused the content of the file. */
export interface Rejected<F = UploadSource> {
  readonly status: 'rejected'
  readonly file: F
  readonly record: RejectedRecord
  readonly reasons: readonly Reason[]
}

/** There is no verdict: the file was refused before its upload, or the upload failed or was cancelled. */
export interface Failed<F = UploadSource> {
  readonly status: 'failed'
  readonly file: F
  readonly problem: Problem
  /** The upload id, if the API had already created one. */
  readonly id?: string | undefined
}

export type UploadResult<F = UploadSource> = Accepted<F> | Rejected<F> | Failed<F>

/** What an upload does at the moment. */
export type Phase = 'waiting' | 'uploading' | 'paused' | 'checking' | 'done'

/** Progress of one file. */
export interface FileProgress {
  readonly phase: Phase
  /** Bytes that S3 has or that were sent to it. */
  readonly loaded: number
  /** Bytes. */
  readonly total: number
  /** Bytes a second over the last seconds; 0 while unknown. */
  readonly rate: number
  /** Until the bytes are sent; missing while unknown. */
  readonly secondsLeft?: number | undefined
}

/** Progress of many files. */
export interface BatchProgress {
  readonly loaded: number
  /** Bytes of all files; missing while a lazy list of files is still being read. */
  readonly total?: number | undefined
  readonly rate: number
  readonly secondsLeft?: number | undefined
  /** Files that were started. */
  readonly started: number
  /** All files; missing while a lazy list of files is still being read. */
  readonly files?: number | undefined
  readonly accepted: number
  readonly rejected: number
  readonly failed: number
}

/** Options of an upload. */
export interface UploadOptions {
  /** A class of the policy; `default` unless given. */
  readonly class?: string | undefined
  /** A media type. Without it the client declares the type that the browser knows, or none. */
  readonly contentType?: string | undefined
  readonly metadata?: Metadata | undefined
  /** Cancels the upload. A multipart upload is aborted at the server. */
  readonly signal?: AbortSignal | undefined
}

export interface FileOptions extends UploadOptions {
  readonly onProgress?: ((progress: FileProgress) => void) | undefined
}

export interface BatchOptions<F = UploadSource> extends UploadOptions {
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
  readonly onFileProgress?: ((file: F, progress: FileProgress) => void) | undefined
  /** Called with each result as soon as it is known. */
  readonly onResult?: ((result: UploadResult<F>) => void) | undefined
  /** `false`: the promise resolves to an empty array, so that results use no memory. */
  readonly keepResults?: boolean | undefined
}

interface Controls {
  /**
   * Stops sending. Parts that S3 has are kept; a file that travels in one request is sent to its end, because it would
   * start again from zero. Returns whether anything could be paused.
   */
  pause(): boolean
  resume(): void
  /** Stops the upload. The result is `failed` with the code `cancelled`. */
  cancel(): void
  readonly paused: boolean
}

/** The upload of one file. Its promise never rejects: a failure is a result. */
export interface UploadTask<F = UploadSource> extends Promise<UploadResult<F>>, Controls {
  /** Whether `pause` keeps progress: true once the file travels as a multipart upload. */
  readonly pausable: boolean
}

/** The upload of many files. Await it for an array in the order of the files, or iterate over results as they come. */
export interface UploadBatch<F = UploadSource> extends Promise<UploadResult<F>[]>, AsyncIterable<UploadResult<F>>, Controls {}

/** The limits of a class in `GET /policy`. */
export type ClassLimits = Schemas['ClassLimits']

/** One rule of a class. */
export type RuleLimits = ClassLimits['allow'][number]

/** The response to `GET /policy`. */
export type PolicyLimits = Schemas['Policy']

/** The body of `POST /uploads` and `POST /uploads/multipart`. */
export interface CreateBody {
  readonly filename: string
  readonly contentType?: string | undefined
  readonly size: number
  readonly class?: string | undefined
  readonly metadata?: Metadata | undefined
  readonly checksum?: Checksum | undefined
}

/** The response to `POST /uploads`, for a PUT. */
export type Grant = Schemas['PutGrant']

export type PartUrl = Schemas['PartUrl']

/** The response to `POST /uploads/multipart`. */
export type Session = Schemas['Session']

export type ListedPart = Schemas['ListedPart']

/** What a store keeps of an unfinished upload. It holds no token and no URL. */
export interface StoredUpload {
  readonly id: string
  /** The idempotency key of its creation. */
  readonly key: string
  /** Bytes; present for a multipart upload, whose session has the same id. */
  readonly partSize?: number
  /** Milliseconds since 1970. */
  readonly savedAt: number
}

/** Keeps unfinished uploads over a reload or a crash. */
export interface UploadStore {
  get(fingerprint: string): Promise<StoredUpload | undefined>
  set(fingerprint: string, upload: StoredUpload): Promise<void>
  delete(fingerprint: string): Promise<void>
}
