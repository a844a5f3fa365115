// Sentences in English for the person who uploads a file.

import type { Reason, UploadResult } from './types.js'

/** The sentences of shared/policy/words/en.json by code, for a translation. A sentence can have placeholders in braces. */
export interface Catalogue {
  /** By code of a problem. */
  readonly problems: Readonly<Record<string, string>>
  /** By code of a file name problem: `actual` of the problem `name-not-allowed`. */
  readonly names: Readonly<Record<string, string>>
  /** By code of a reason or finding. `{granted}` and `{found}` stand for names of types. */
  readonly reasons: Readonly<Record<string, string>>
  /** Names of types: `image/png` is "a PNG picture". */
  readonly types: Readonly<Record<string, string>>
}

/** The catalogue as JSON; build.mjs puts it here. */
declare const WORDS: string

export const CATALOGUE: Catalogue = /* @__PURE__ */ JSON.parse(WORDS)

/**
 * The sentence for a reason, a finding or a problem. It is the server's `detail`; only where that speaks to the maker of the
 * page, as for `invalid-body`, it is the sentence of the catalogue.
 */
export function describe({ code, detail }: Pick<Reason, 'code' | 'detail'>): string {
  const sentence = CATALOGUE.problems[code]
  return sentence && !sentence.includes('{') ? sentence : detail || (CATALOGUE.reasons[code] ?? code)
}

/** A result in one line. */
export function summarize(result: UploadResult): string {
  if (result.status === 'accepted') return `${result.file.name} was accepted.`
  const why = result.status === 'rejected' ? [...new Set(result.reasons.map(describe))].join(' ') : describe(result.problem)
  return `${result.file.name} was ${result.status === 'rejected' ? 'rejected' : 'not uploaded'}. ${why}`
}
