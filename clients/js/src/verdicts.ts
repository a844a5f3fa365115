// Waits for verdicts. All files of a client share one polling loop; with POST /uploads/status one request asks for many.

import type { Api } from './api.js'
import { abortable, type Env } from './env.js'
import type { components } from './openapi.js'
import { deleted, hasCode, noVerdict, SluiceError } from './problem.js'
import { OptionalRoute } from './route.js'
import { pollGap } from './plan.js'
import type { UploadRecord } from './types.js'

type StatusResponse = components['schemas']['UploadStatuses']

interface Pending {
  readonly since: number
  polls: number
  dueAt: number
  readonly resolve: (record: UploadRecord) => void
  readonly reject: (error: unknown) => void
}

/** The API's limit for one request. */
const MAX_IDS = 1000
const MAX_SINGLE_REQUESTS = 6
/** The next poll is a retry as well. */
const MAX_RETRIES = 2
const FIRST_MS = 200
const MAX_MS = 3_000
/** After a minute a verdict waits for a scan or for a retry of its event. */
const SLOW_AFTER_MS = 60_000
const SLOW_MS = 10_000
/** Polls that fall together share a request. */
const TOGETHER_MS = 150
/** Without a new file for so long, a list has come to its end. */
const ARRIVAL_MS = 1_500
/** New files after such a time are not part of a long list: they are asked for soon. */
const QUIET_MS = 10_000
/** How often a stored object may be reported as not received. */
const MAX_NOT_RECEIVED = 5

export class Verdicts {
  readonly #api: Api
  readonly #env: Env
  readonly #timeoutMs: number
  readonly #pending = new Map<string, Pending>()
  readonly #route = new OptionalRoute()
  #running = false
  #sleep = { until: 0, controller: new AbortController() }
  #polledAt = -Infinity
  #addedAt = -Infinity
  /** Files since the last quiet time. */
  #added = 0
  /** Polls for many files since the last quiet time. */
  #manyPolls = 0

  constructor(api: Api, env: Env, timeoutMs: number) {
    this.#api = api
    this.#env = env
    this.#timeoutMs = timeoutMs
  }

  /** The record with its verdict. */
  wait(id: string, signal: AbortSignal): Promise<UploadRecord> {
    return abortable<UploadRecord>(signal, (resolve, reject) => {
      const now = this.#env.now()
      if (now - this.#addedAt > QUIET_MS) this.#manyPolls = this.#added = 0
      this.#added += 1
      this.#addedAt = now
      this.#pending.set(id, { since: now, polls: 0, dueAt: now + FIRST_MS, resolve, reject })
      if (!this.#running) void this.#run()
      // The loop may sleep for long, because the other files wait for a scan.
      else if (now + FIRST_MS < this.#sleep.until) this.#sleep.controller.abort()
      return () => this.#pending.delete(id)
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#pending.size > 0) {
      const now = this.#env.now()
      const endsAt = this.#addedAt + ARRIVAL_MS
      const arriving = now < endsAt ? this.#added : 0
      const gapMs = this.#route.isPresent ? pollGap(this.#pending.size, this.#manyPolls, arriving) : 0
      let first = Infinity
      for (const { dueAt } of this.#pending.values()) first = Math.min(first, dueAt)
      const pollAt = Math.max(first, this.#polledAt + gapMs)
      if (pollAt > now) {
        // The gap is shorter once no more files come.
        const wakeAt = arriving > 0 && endsAt > first ? Math.min(pollAt, endsAt) : pollAt
        this.#sleep = { until: wakeAt, controller: new AbortController() }
        await this.#env.sleep(wakeAt - now, this.#sleep.controller.signal).catch(() => {})
        continue
      }
      const due = [...this.#pending].filter(([, { dueAt }]) => dueAt <= now + Math.max(TOGETHER_MS, gapMs)).slice(0, MAX_IDS)
      await this.#poll(due)
      this.#polledAt = this.#env.now()
      for (const [id, entry] of due) {
        if (this.#pending.get(id) !== entry) continue
        const ageMs = this.#env.now() - entry.since
        if (ageMs > this.#timeoutMs) entry.reject(noVerdict())
        entry.polls += 1
        const pauseMs = ageMs > SLOW_AFTER_MS ? SLOW_MS : Math.min(MAX_MS, FIRST_MS * 1.5 ** entry.polls)
        entry.dueAt = this.#env.now() + pauseMs
      }
    }
    this.#running = false
  }

  async #poll(due: readonly [string, Pending][]): Promise<void> {
    if (!this.#route.isMissing && due.length > 1) {
      try {
        const ids = due.map(([id]) => id)
        const { results } = await this.#api.body<StatusResponse>('/uploads/status', { method: 'POST', body: { ids }, maxRetries: this.#route.isPresent ? MAX_RETRIES : 0 })
        this.#route.found()
        this.#manyPolls += 1
        for (const { id, status, upload } of results) {
          const entry = this.#pending.get(id)
          if (upload && (status === 'accepted' || status === 'rejected')) entry?.resolve(upload)
          else if (status === 'deleted') entry?.reject(deleted())
        }
        return
      } catch (error) {
        if (!this.#route.missedBy(error)) return this.#failed(due, error)
      }
    }
    const queue = [...due]
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await this.#pollOne(next)
    }
    await Promise.all(Array.from({ length: MAX_SINGLE_REQUESTS }, worker))
  }

  async #pollOne([id, entry]: [string, Pending]): Promise<void> {
    if (this.#pending.get(id) !== entry) return
    try {
      const record = await this.#api.body<UploadRecord>(`/uploads/${id}`, { maxRetries: MAX_RETRIES })
      if (record.status === 'accepted' || record.status === 'rejected') entry.resolve(record)
    } catch (error) {
      if (hasCode(error, 'not-received') && entry.polls < MAX_NOT_RECEIVED) return
      this.#failed([[id, entry]], error)
    }
  }

  /** The object is stored: only an error that does not pass ends the wait. */
  #failed(due: readonly [string, Pending][], error: unknown): void {
    const passing = error instanceof SluiceError && error.problem.retryable && !hasCode(error, 'unauthorized', 'unauthenticated')
    if (!passing) for (const [, entry] of due) entry.reject(error)
  }
}
