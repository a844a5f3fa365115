// Rate and time left, as plain functions.

export interface Meter {
  readonly samples: readonly { readonly at: number; readonly loaded: number }[]
}

const WINDOW_MS = 8_000
const SAMPLE_MS = 250

export const startMeter = (now: number, loaded = 0): Meter => ({ samples: [{ at: now, loaded }] })

/** Adds a sample. Bytes that were taken back (a part that is sent again) lower the count, not below the oldest sample. */
export function observe(meter: Meter, loaded: number, now: number): Meter {
  const recent = meter.samples.filter(({ at }, index) => now - at <= WINDOW_MS || index === meter.samples.length - 1)
  const last = recent.at(-1)
  const before = recent.at(-2)
  // Samples that follow closely replace each other, so that the list stays short.
  const kept = last && before && now - before.at < SAMPLE_MS ? recent.slice(0, -1) : recent
  return { samples: [...kept, { at: now, loaded }] }
}

/** Bytes a second; 0 while unknown. */
export function rateOf(meter: Meter): number {
  const first = meter.samples[0]
  const last = meter.samples.at(-1)
  if (!first || !last || last.at <= first.at) return 0
  return Math.max(0, ((last.loaded - first.loaded) * 1000) / (last.at - first.at))
}

/** Seconds until `total`; undefined while unknown. */
export function secondsLeft(loaded: number, total: number | undefined, rate: number): number | undefined {
  if (total === undefined || rate <= 0) return undefined
  return Math.max(0, total - loaded) / rate
}
