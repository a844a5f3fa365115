// Sentences for the person who uploads a file, from shared/policy/words/en.json. build.mjs puts them into the package.

/** The sentences that the core itself needs, as JSON. */
declare const SENTENCES: string

const sentences: Readonly<Record<string, string>> = /* @__PURE__ */ JSON.parse(SENTENCES)

/** How many values a sentence lists. */
const MAX_LISTED = 12
const UNITS = ['kB', 'MB', 'GB', 'TB']

export interface Values {
  readonly limit?: number | undefined
  readonly actual?: number | string | undefined
  readonly allowed?: readonly string[] | undefined
}

/** A size as people read it, in powers of 1000 and with two decimals at most. */
function rounded(bytes: number): string {
  if (bytes < 1000) return `${bytes} byte${bytes === 1 ? '' : 's'}`
  let unit = 0
  while (unit < UNITS.length - 1 && bytes >= 1000 ** (unit + 2)) unit += 1
  return `${Math.trunc(bytes / 10 ** (3 * unit + 1)) / 100} ${UNITS[unit]}`
}

/** A sentence with the values in the server's form (shared/policy/src/policy/refusal.rs). */
export function sentence(key: string, { limit, actual, allowed = [] }: Values = {}): string {
  const isExact = typeof actual === 'number' && limit !== undefined && rounded(actual) === rounded(limit)
  const text = (value: number | string = '') => (typeof value === 'string' ? value : isExact ? `${value} bytes` : rounded(value))
  const texts: Record<string, string> = {
    limit: text(limit),
    actual: text(actual),
    allowed: allowed.slice(0, MAX_LISTED).join(', ') + (allowed.length > MAX_LISTED ? ', …' : ''),
  }
  return sentences[key]!.replace(/\{(\w+)\}/g, (_, name: string) => texts[name]!)
}
