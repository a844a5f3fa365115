// What the policy allows, for the person and for Uppy: a file that can't pass is refused before it travels.

/** Rules of a class as rows for people. */
export function rows(limits) {
  return limits.allow.map((rule) => ({
    files: rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`).join(', ') : rule.types.join(', '),
    smallest: bytes(rule.min),
    largest: bytes(rule.max),
  }))
}

/** Uppy's own restrictions, which show before a file is chosen. */
export function restrictions(limits) {
  const open = limits.allow.some((rule) => rule.extensions.length === 0 && rule.types.some((type) => !type.includes('/')))
  const allowed = limits.allow.flatMap((rule) => rule.extensions.length > 0 ? rule.extensions.map((extension) => `.${extension}`) : rule.types)
  return {
    // A family without extensions, such as "picture", is more than a browser knows: then the server decides alone.
    allowedFileTypes: open || allowed.includes('*/*') ? null : allowed,
    minFileSize: Math.min(...limits.allow.map((rule) => rule.min)),
    maxFileSize: Math.max(...limits.allow.map((rule) => rule.max)),
  }
}

/** What speaks against one file, as a sentence, or nothing. Uppy's restrictions know one size for all types. */
export function objection(limits, file) {
  const extension = file.extension?.toLowerCase()
  const rule = limits.allow.find((rule) => rule.extensions.includes(extension))
  if (!rule || file.size == null) return undefined
  if (file.size > rule.max) {
    // One byte too many would be rounded away.
    const [size, max] = bytes(file.size) === bytes(rule.max) ? [exactly(file.size), exactly(rule.max)] : [bytes(file.size), bytes(rule.max)]
    return `${file.name} is ${size}. Files of this kind may have at most ${max}.`
  }
  if (file.size < rule.min) {
    return file.size === 0 ? `${file.name} is empty.` : `${file.name} is ${bytes(file.size)}. Files of this kind need at least ${bytes(rule.min)}.`
  }
  return undefined
}

const exactly = (count) => `${count.toLocaleString('en')} bytes`

/** A size for people, in the decimal units that the policy uses. */
export function bytes(count) {
  if (count < 1000) return count === 1 ? '1 byte' : `${count} bytes`
  const units = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB']
  let [value, unit] = [count / 1000, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${Number(value.toPrecision(3))} ${units[unit]}`
}
