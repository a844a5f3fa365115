// What the uploads of one client share.

import type { Api } from './api.js'
import type { Env } from './env.js'
import type { Grants } from './grants.js'
import type { Slots } from './slots.js'
import type { Transport } from './transport.js'
import type { Checksummer, ClassLimits, UploadStore } from './types.js'
import type { Verdicts } from './verdicts.js'

export interface Context {
  readonly api: Api
  readonly env: Env
  readonly grants: Grants
  readonly verdicts: Verdicts
  readonly slots: Slots
  readonly transport: Transport
  readonly store: UploadStore | undefined
  readonly checksum: Checksummer | undefined
  /** Fingerprints of files that are being uploaded: two files that look the same must not share an upload. */
  readonly claimed: Set<string>
  /** The limits of a class; undefined if the client leaves all checks to the server. Throws if the class does not exist. */
  limits(name: string, signal: AbortSignal): Promise<ClassLimits | undefined>
}

/** Receives the bytes of the file that were sent so far. */
export type Sink = (bytes: number) => void

/** Pauses and resumes transfers. */
export class Gate {
  #paused = false
  #opened: Promise<void> = Promise.resolve()
  #open = () => {}
  /** Aborted by `pause`. */
  #transfer = new AbortController()

  get paused(): boolean {
    return this.#paused
  }

  get signal(): AbortSignal {
    return this.#transfer.signal
  }

  /** Resolves when transfers may run. */
  get opened(): Promise<void> {
    return this.#opened
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#opened = new Promise((resolve) => (this.#open = resolve))
    this.#transfer.abort()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#transfer = new AbortController()
    this.#open()
  }
}
