// The sentences of shared/policy/words/en.json, as constants for esbuild's `define`.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The sentences that the core needs for what it refuses itself. The entry point `messages` has the whole catalogue. */
const OWN_SENTENCES = [
  'type-required', 'type-missing', 'type-not-allowed', 'type-refused', 'extension-not-allowed', 'extension-missing',
  'too-small', 'empty-file', 'too-large', 'deleted', 'unavailable',
]
const words = JSON.parse(await readFile(join(import.meta.dirname, '../../shared/policy/words/en.json'), 'utf8'))
const missing = OWN_SENTENCES.filter((key) => !words.problems[key])
if (missing.length > 0) throw new Error(`shared/policy/words/en.json has no sentence for ${missing.join(', ')}`)
const sentences = Object.fromEntries(OWN_SENTENCES.map((key) => [key, words.problems[key]]))

// Texts: esbuild would put an object into a file of its own, which the core would load as well.
export const define = Object.fromEntries(Object.entries({ WORDS: words, SENTENCES: sentences }).map(([name, value]) => [name, JSON.stringify(JSON.stringify(value))]))
