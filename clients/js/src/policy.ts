// Refuses a file before any request, but only if the server is certain to refuse it (shared/policy/src/policy.rs).

import { refusal, type SluiceError } from './problem.js'
import type { ClassLimits, CreateBody, RuleLimits } from './types.js'

/** Extensions whose type the server knows: a class that does not list one refuses it. The server knows many more. */
export const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'jpg jpeg png gif webp avif heic heif bmp tif tiff svg ico psd pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub ' +
    'txt log csv tsv md html htm css js json xml yaml zip gz tgz 7z rar tar bz2 xz mp4 m4v mov webm 3gp mkv avi mpg mpeg wmv ' +
    'mp3 m4a aac wav flac ogg opus ics vcf eml msg exe msi dmg iso apk jar bat sh php'
  ).split(' '),
)

/** The extension in lower case without the dot; empty without one. Invisible characters, and dots and blanks at the end, do not count. */
export const extensionOf = (name: string): string =>
  /^.+\.([^.]+)$/s.exec(name.replace(/\p{Cf}/gu, '').trim().replace(/[. ]+$/, ''))?.[1]!.toLowerCase() ?? ''

/** Whether a pattern of a policy matches a type. Families such as `picture` are left to the server: `undefined`. */
export function matchesType(pattern: string, type: string): boolean | undefined {
  if (!pattern.includes('/')) return undefined
  const essence = type.split(';', 1)[0]!.trim().toLowerCase()
  return pattern === '*/*' || pattern === essence || (pattern.endsWith('/*') && essence.startsWith(pattern.slice(0, -1)))
}

/** The rules that the server can apply to a type: the first that matches, and those before it that may match. */
function rulesFor(rules: readonly RuleLimits[], type: string): readonly RuleLimits[] {
  const matches = rules.map((rule) => rule.types.map((pattern) => matchesType(pattern, type)))
  const end = matches.findIndex((patterns) => patterns.includes(true))
  return rules.filter((_, index) => index === end || ((end < 0 || index < end) && matches[index]!.includes(undefined)))
}

/** The extensions that rules list, the first of each rule first: a sentence shows only the beginning. */
function extensionsIn(rules: readonly RuleLimits[]): string[] {
  const numbered = rules.flatMap(({ extensions }) => extensions.map((extension, index) => ({ extension, index })))
  return [...new Set(numbered.sort((a, b) => a.index - b.index).map(({ extension }) => extension))]
}

/** Why the class refuses the file; undefined if the server has to decide. */
export function review({ allow, declared }: ClassLimits, { filename, contentType, size }: CreateBody): SluiceError | undefined {
  const extension = extensionOf(filename)
  const isExact = declared === 'exact'
  const listed = extensionsIn(allow)
  if (isExact && !contentType) return refusal('type-required', { allowed: listed }, listed.length > 0 ? 'type-required' : 'type-missing')
  const rules = isExact ? rulesFor(allow, contentType!) : allow
  if (rules.length === 0) return refusal('type-not-allowed', { actual: contentType, allowed: listed }, listed.length > 0 ? 'type-not-allowed' : 'type-refused')
  // A name says nothing about the type if it has no extension, or one that no program knows.
  const fitting = isExact || KNOWN_EXTENSIONS.has(extension) ? rules.filter(({ extensions }) => extensions.length === 0 || extensions.includes(extension)) : rules
  // With hints no rule lists the extension, so the file is of another kind.
  const key = !isExact ? 'type-not-allowed' : extension ? 'extension-not-allowed' : 'extension-missing'
  if (fitting.length === 0) return refusal('extension-not-allowed', { actual: extension, allowed: extensionsIn(rules) }, key)
  const [min, max] = [Math.min(...fitting.map(({ min }) => min)), Math.max(...fitting.map(({ max }) => max))]
  if (size < min) return refusal('too-small', { actual: size, limit: min }, size > 0 ? 'too-small' : 'empty-file')
  if (size > max) return refusal('too-large', { actual: size, limit: max })
  return undefined
}
