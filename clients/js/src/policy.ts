// Refuses a file by the class's limits before any request, in the order and with the words of the server
// (shared/policy/src/policy.rs, refusal.rs).

import { allowsExtension, ruleFor } from './content-type.js'
import { SluiceError, type ApiCode } from './problem.js'
import type { ClassLimits, CreateBody } from './types.js'

const UNITS: [string, number][] = [
  ['EB', 1e18], ['PiB', 2 ** 50], ['PB', 1e15], ['TiB', 2 ** 40], ['TB', 1e12],
  ['GiB', 2 ** 30], ['GB', 1e9], ['MiB', 2 ** 20], ['MB', 1e6], ['KiB', 2 ** 10],
]

/** A size in the server's form: the largest unit that divides it evenly. */
export function sizeText(bytes: number): string {
  const unit = UNITS.find(([, factor]) => bytes >= factor && bytes % factor === 0)
  return unit ? `${bytes / unit[1]} ${unit[0]}` : `${bytes} B`
}

const refusal = (code: ApiCode, title: string, detail: string) =>
  new SluiceError({ code, title, detail, status: 422, source: 'client', retryable: false })

/** Why the class refuses the file; undefined if the server has to decide. */
export function review(limits: ClassLimits, request: CreateBody, checksum: boolean): SluiceError | undefined {
  const { contentType, size } = request
  const name = JSON.stringify(request.class ?? 'default')
  const rule = ruleFor(limits, contentType)
  if (!rule) return refusal('type-not-allowed', 'Content type not allowed', `${contentType} is not allowed in class ${name}`)
  if (!allowsExtension(rule, request.filename)) {
    return refusal('extension-not-allowed', 'File extension not allowed', `the file extension is not allowed for ${contentType}: use ${rule.extensions.join(', ')}`)
  }
  const unlisted = Object.keys(request.metadata ?? {}).sort().find((key) => !limits.metadata.includes('*') && !limits.metadata.includes(key))
  if (unlisted !== undefined) return refusal('metadata-not-allowed', 'Metadata name not allowed', `class ${name} does not allow metadata named ${JSON.stringify(unlisted)}`)
  if (size < rule.min) return refusal('too-small', 'File too small', `${sizeText(size)} is below the minimum of ${sizeText(rule.min)} for this type`)
  if (size > rule.max) return refusal('too-large', 'File too large', `${sizeText(size)} is above the maximum of ${sizeText(rule.max)} for this type`)
  if (limits.checksumRequired && !checksum) return refusal('checksum-required', 'Checksum required', `class ${name} requires a checksum`)
  return undefined
}
