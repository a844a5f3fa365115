// The limits of a class, as table rows and as restrictions for Uppy, which refuses a file before the upload starts.

import { sentence } from '../../clients/js/src/words.ts'

/** The rules of a class as table rows. */
export function rows(limits) {
  return limits.allow.map((rule) => ({
    files: rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`).join(', ') : rule.types.join(', '),
    smallest: bytes(rule.min),
    largest: bytes(rule.max),
  }))
}

/** Uppy's restrictions. `allowedFileTypes` also filters the file dialog. */
export function restrictions(limits) {
  const open = limits.allow.some((rule) => rule.extensions.length === 0 && rule.types.some((type) => !type.includes('/')))
  const allowed = limits.allow.flatMap((rule) => rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`) : rule.types)
  return {
    // Uppy would refuse a name without an extension, which a class with hints allows: there only the server checks the type.
    // A browser does not know families without extensions, such as "picture".
    allowedFileTypes: limits.declared !== 'exact' || open || allowed.includes('*/*') ? null : allowed,
    minFileSize: Math.min(...limits.allow.map((rule) => rule.min)),
    maxFileSize: Math.max(...limits.allow.map((rule) => rule.max)),
  }
}

/** Why a file's size is refused; undefined if it is allowed. Uppy's restrictions have only one size for all types. */
export function objection(limits, file) {
  const extension = file.extension?.toLowerCase()
  const listing = limits.allow.filter((rule) => rule.extensions.includes(extension))
  // Without a rule that lists the extension, the type decides, which only the server knows.
  const rules = listing.length > 0 ? limits.allow.filter((rule) => listing.includes(rule) || rule.extensions.length === 0) : limits.allow
  const { minFileSize: min, maxFileSize: max } = restrictions({ allow: rules })
  if (file.size == null) return undefined
  if (file.size > max) return `${file.name}: ${sentence('too-large', { actual: file.size, limit: max })}`
  if (file.size < min) return `${file.name}: ${sentence(file.size === 0 ? 'empty-file' : 'too-small', { actual: file.size, limit: min })}`
  return undefined
}

/** A size as text, in decimal units as in the policy. */
export function bytes(count) {
  if (count < 1000) return count === 1 ? '1 byte' : `${count} bytes`
  const units = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB']
  let [value, unit] = [count / 1000, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${Number(value.toPrecision(3))} ${units[unit]}`
}
