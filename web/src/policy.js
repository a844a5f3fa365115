// The limits of a class, as table rows and as restrictions for Uppy, which refuses a file before the upload starts.

import { ownProblem } from './words.js'

/** The rules of a class as table rows. */
export function rows(limits) {
  return limits.allow.map((rule) => ({
    files: rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`).join(', ') : rule.types.join(', '),
    smallest: bytes(rule.min),
    largest: bytes(rule.max),
  }))
}

/** Uppy's restrictions. They also filter the file dialog. */
export function restrictions(limits) {
  const open = limits.allow.some((rule) => rule.extensions.length === 0 && rule.types.some((type) => !type.includes('/')))
  const allowed = limits.allow.flatMap((rule) => rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`) : rule.types)
  return {
    // A browser does not know type groups without extensions, such as "picture". Then only the server checks the type.
    allowedFileTypes: open || allowed.includes('*/*') ? null : allowed,
    minFileSize: Math.min(...limits.allow.map((rule) => rule.min)),
    maxFileSize: Math.max(...limits.allow.map((rule) => rule.max)),
  }
}

/** Why a file's size is refused; undefined if it is allowed. Uppy's restrictions have only one size for all types. */
export function objection(limits, file) {
  const extension = file.extension?.toLowerCase()
  const rule = limits.allow.find((rule) => rule.extensions.includes(extension))
  if (!rule || file.size == null) return undefined
  if (file.size > rule.max) {
    // Rounded sizes would be equal if the file is only slightly too large.
    const [size, max] = bytes(file.size) === bytes(rule.max) ? [exactBytes(file.size), exactBytes(rule.max)] : [bytes(file.size), bytes(rule.max)]
    return `${file.name}: ${ownProblem('too-large', { actual: size, limit: max })}`
  }
  if (file.size < rule.min) {
    const code = file.size === 0 ? 'empty-file' : 'too-small'
    return `${file.name}: ${ownProblem(code, { actual: bytes(file.size), limit: bytes(rule.min) })}`
  }
  return undefined
}

const exactBytes = (count) => `${count.toLocaleString('en')} bytes`

/** A size as text, in decimal units as in the policy. */
export function bytes(count) {
  if (count < 1000) return count === 1 ? '1 byte' : `${count} bytes`
  const units = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB']
  let [value, unit] = [count / 1000, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${Number(value.toPrecision(3))} ${units[unit]}`
}
