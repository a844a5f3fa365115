// The media type of a file by its name: the frequent types of the server's list (shared/sniff/src/extensions.rs). A rule of
// the policy that names an extension and an exact type needs no entry here.

import type { ClassLimits, RuleLimits } from './types.js'

const OFFICE = 'application/vnd.openxmlformats-officedocument.'
const OPEN = 'application/vnd.oasis.opendocument.'

/** `extension extension=type`; a type without a slash is of the group above. */
const TYPES = new Map<string, string>()
const add = (group: string, list: string) => {
  for (const entry of list.split(' ')) {
    const [names = '', type = ''] = entry.split('=')
    for (const name of names.split(',')) TYPES.set(name, group + (type || name))
  }
}
add('image/', 'jpg,jpeg,jpe,jfif=jpeg png apng gif webp avif heic heif=heic bmp tif,tiff=tiff svg=svg+xml ico=vnd.microsoft.icon')
add('application/', 'pdf rtf doc=msword xls=vnd.ms-excel ppt=vnd.ms-powerpoint epub=epub+zip zip gz,tgz=gzip 7z=x-7z-compressed rar=vnd.rar tar=x-tar json,geojson=json xml yaml,yml=yaml')
add(OFFICE, 'docx=wordprocessingml.document xlsx=spreadsheetml.sheet pptx=presentationml.presentation')
add(OPEN, 'odt=text ods=spreadsheet odp=presentation')
add('video/', 'mp4,m4v=mp4 mov=quicktime 3gp=3gpp webm mkv=x-matroska avi=x-msvideo')
add('audio/', 'm4a=mp4 mp3=mpeg wav flac ogg opus aac')
add('text/', 'html,htm=html csv tsv=tab-separated-values txt,text,log=plain md,markdown=markdown')

/** Families of types in a policy (shared/policy/src/type_pattern.rs). */
const FAMILIES: Record<string, readonly string[]> = {
  picture: ['png', 'jpeg', 'gif', 'webp', 'avif', 'heic', 'heif', 'bmp', 'tiff'].map((name) => `image/${name}`),
  office: ['doc', 'xls', 'ppt', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'odp'].map((name) => TYPES.get(name)!),
  text: ['text/plain', 'text/csv', 'text/tab-separated-values', 'text/markdown'],
}

const UNKNOWN = 'application/octet-stream'

/** The extension in lower case without the dot; undefined without one. */
export function extensionOf(name: string): string | undefined {
  const dot = name.lastIndexOf('.')
  return dot > 0 && dot < name.length - 1 ? name.slice(dot + 1).toLowerCase() : undefined
}

/** Whether a pattern of a policy matches a media type. Parameters are ignored. */
export function matchesType(pattern: string, type: string): boolean {
  const essence = type.split(';', 1)[0]!.trim().toLowerCase()
  return pattern === '*/*' || pattern === essence || (pattern.endsWith('/*') && essence.startsWith(pattern.slice(0, -1))) || !!FAMILIES[pattern]?.includes(essence)
}

/** The first rule that matches the type. */
export const ruleFor = (limits: ClassLimits, type: string): RuleLimits | undefined =>
  limits.allow.find((rule) => rule.types.some((pattern) => matchesType(pattern, type)))

export const allowsExtension = (rule: RuleLimits, name: string): boolean =>
  rule.extensions.length === 0 || rule.extensions.includes(extensionOf(name) ?? '')

/**
 * The type to declare: the browser's if the class allows it for this name, otherwise the name's. Browsers know no type for
 * many extensions, and Windows calls a `.csv` a spreadsheet of Excel.
 */
export function declaredType(name: string, browserType: string | undefined, limits: ClassLimits | undefined): string {
  const known = browserType && browserType !== UNKNOWN ? browserType : undefined
  const extension = extensionOf(name) ?? ''
  const byName = TYPES.get(extension)
  const fallback = known ?? byName ?? UNKNOWN
  if (!limits) return fallback
  const fits = (type: string | undefined) => {
    const rule = type && ruleFor(limits, type)
    return rule && allowsExtension(rule, name)
  }
  if (fits(known)) return known!
  if (fits(byName)) return byName!
  // A rule that lists the extension names its type: `geojson` is then `application/json`.
  for (const rule of limits.allow) {
    if (!rule.extensions.includes(extension)) continue
    const type = rule.types.flatMap((pattern) => FAMILIES[pattern] ?? pattern).find((type) => type.includes('/') && !type.includes('*'))
    if (type && fits(type)) return type
  }
  return fallback
}
