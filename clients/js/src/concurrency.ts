// How many transfers run at the same time, as plain functions: additive increase while it helps, half after an error.

export interface ConcurrencyLimits {
  readonly min: number
  readonly start: number
  readonly max: number
}

export interface Concurrency {
  readonly limits: ConcurrencyLimits
  readonly limit: number
  /** The first phase: one more transfer after each success, until more transfers stop helping. */
  readonly starting: boolean
  /** Bytes a second of the best window. */
  readonly bestRate: number
  /** Windows without an increase. */
  readonly held: number
  /** A window ends after `size` transfers: as many as ran at the same time when it began. */
  readonly window: { readonly startedAt: number; readonly size: number; readonly bytes: number; readonly count: number }
  readonly lastErrorAt: number
}

/** More transfers must bring at least this much more. */
const GAIN = 1.05
/** After so many windows without an increase, one more transfer is tried again. */
const PROBE_AFTER = 4
/** Errors that come together reduce the limit once. */
const ERROR_INTERVAL_MS = 1000

const emptyWindow = (size: number, now: number) => ({ startedAt: now, size, bytes: 0, count: 0 })

export function startConcurrency(limits: ConcurrencyLimits, now: number): Concurrency {
  return { limits, limit: limits.start, starting: true, bestRate: 0, held: 0, window: emptyWindow(limits.start, now), lastErrorAt: -Infinity }
}

/** The state after a transfer of `bytes` succeeded. */
export function afterSuccess(state: Concurrency, bytes: number, now: number): Concurrency {
  const { limits, window } = state
  const limit = state.starting ? Math.min(limits.max, state.limit + 1) : state.limit
  const grown = { ...window, bytes: window.bytes + bytes, count: window.count + 1 }
  if (grown.count < window.size) return { ...state, limit, window: grown }
  const rate = (grown.bytes * 1000) / Math.max(1, now - window.startedAt)
  const next = (limit: number, rest: Partial<Concurrency>): Concurrency => ({ ...state, limit, held: 0, ...rest, window: emptyWindow(limit, now) })
  const more = Math.min(limits.max, state.limit + 1)
  if (rate > state.bestRate * GAIN) return next(more, { bestRate: rate })
  if (state.starting) return next(Math.min(state.limit, window.size), { starting: false })
  // The best rate fades, so that a link that became slower is measured anew.
  const bestRate = Math.max(rate, state.bestRate * 0.9)
  return state.held + 1 < PROBE_AFTER ? next(state.limit, { bestRate, held: state.held + 1 }) : next(more, { bestRate })
}

/** The state after a broken connection, a time-out or an error that asks for fewer requests. */
export function afterError(state: Concurrency, now: number): Concurrency {
  if (now - state.lastErrorAt < ERROR_INTERVAL_MS) return state
  const limit = Math.max(state.limits.min, Math.floor(state.limit / 2))
  return { ...state, limit, starting: false, bestRate: 0, held: 0, window: emptyWindow(limit, now), lastErrorAt: now }
}
