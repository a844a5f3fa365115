// Recognises a file after a reload: name, size, last change and the first bytes.

import type { CreateBody, UploadSource } from './types.js'

const HEAD_BYTES = 65_536

/** A digest in hexadecimal; undefined for a file without a time of its last change. */
export async function fingerprint(api: string, file: UploadSource, request: CreateBody, checksum: string | undefined): Promise<string | undefined> {
  if (file.lastModified === undefined || !globalThis.crypto?.subtle) return undefined
  const about = new TextEncoder().encode(JSON.stringify([api, file.lastModified, request, checksum]))
  const head = await file.slice(0, HEAD_BYTES).arrayBuffer()
  const bytes = new Uint8Array(about.length + head.byteLength)
  bytes.set(about)
  bytes.set(new Uint8Array(head), about.length)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
