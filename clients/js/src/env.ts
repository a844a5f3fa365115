// Time and randomness, which tests replace, and waiting.

import { cancelled } from './problem.js'

/** Clock, randomness and timers. */
export interface Env {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 to 1. */
  random(): number
  /** Rejects if the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Resolves at once unless the browser knows that it is offline. */
  online(signal?: AbortSignal): Promise<void>
}

export const systemEnv: Env = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) =>
    abortable(signal, (done) => {
      const timer = setTimeout(done, ms)
      return () => clearTimeout(timer)
    }),
  online: async (signal) => {
    if (globalThis.navigator?.onLine !== false || typeof addEventListener !== 'function') return
    await abortable(signal, (done) => {
      const end = () => done()
      addEventListener('online', end)
      return () => removeEventListener('online', end)
    })
  },
}

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls a function when the signal is aborted, at once if it already is. Returns its removal. Many transfers share a
 * signal; it has one listener for all, because Node warns of more than ten.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {}
  if (signal.aborted) {
    listener()
    return () => {}
  }
  let shared = listeners.get(signal)
  if (!shared) {
    const added = (shared = new Set())
    listeners.set(signal, added)
    signal.addEventListener('abort', () => [...added].forEach((listener) => listener()), { once: true })
  }
  shared.add(listener)
  return () => shared.delete(listener)
}

/** A promise that rejects as cancelled if the signal is aborted. `start` returns the clean-up. */
export function abortable<T = void>(signal: AbortSignal | undefined, start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled())
    let cleanUp = () => {}
    const end = () => {
      remove()
      cleanUp()
    }
    const remove = onAbort(signal, () => (end(), reject(cancelled())))
    cleanUp = start(
      (value) => (end(), resolve(value)),
      (error) => (end(), reject(error)),
    )
  })
}

/** The promise's outcome, unless the signal is aborted first. The work behind it goes on, because others may wait for it too. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return abortable<T>(signal, (resolve, reject) => {
    promise.then(resolve, reject)
    return () => {}
  })
}

/** Calls a function of the page. Its error is reported as uncaught and does not stop the upload. */
export function notify<A extends unknown[]>(listener: ((...args: A) => void) | undefined, ...args: A): void {
  try {
    listener?.(...args)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}

/** A controller that is aborted with any of the signals. `release` removes its listeners. */
export function linked(...signals: (AbortSignal | undefined)[]): AbortController & { release(): void } {
  const controller = new AbortController()
  const removals = signals.map((signal) => onAbort(signal, () => controller.abort()))
  return Object.assign(controller, { release: () => removals.forEach((remove) => remove()) })
}
