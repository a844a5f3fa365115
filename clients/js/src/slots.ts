// The transfers of all files of a client share one adaptive limit.

import { afterError, afterSuccess, startConcurrency, type Concurrency, type ConcurrencyLimits } from './concurrency.js'
import { abortable, type Env } from './env.js'

export class Slots {
  readonly #env: Env
  #state: Concurrency
  #active = 0
  readonly #waiting = new Set<() => void>()

  constructor(limits: ConcurrencyLimits, env: Env) {
    this.#env = env
    this.#state = startConcurrency(limits, env.now())
  }

  get limit(): number {
    return this.#state.limit
  }

  get max(): number {
    return this.#state.limits.max
  }

  /** Waits for a slot, in the order of the calls. */
  async acquire(signal: AbortSignal): Promise<void> {
    if (this.#active >= this.#state.limit || this.#waiting.size > 0) {
      await abortable(signal, (resolve) => {
        const take = () => resolve(undefined)
        this.#waiting.add(take)
        return () => this.#waiting.delete(take)
      })
    } else {
      this.#active += 1
    }
  }

  /** Returns a slot. `bytes` were stored, or the link failed, or neither says anything about the link. */
  release(outcome: { bytes: number } | 'failed' | undefined): void {
    const now = this.#env.now()
    if (outcome === 'failed') this.#state = afterError(this.#state, now)
    else if (outcome) this.#state = afterSuccess(this.#state, outcome.bytes, now)
    this.#active -= 1
    for (const take of this.#waiting) {
      if (this.#active >= this.#state.limit) break
      this.#active += 1
      take()
    }
  }
}
