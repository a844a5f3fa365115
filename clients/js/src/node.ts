// Files from disk in Node, read as they are sent.

import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'

import type { UploadSource } from './types.js'

/** A file on disk. Its bytes are not read into memory. */
export async function openFile(path: string, options: { name?: string; type?: string } = {}): Promise<UploadSource> {
  const [blob, { mtimeMs }] = await Promise.all([openAsBlob(path), stat(path)])
  return {
    name: options.name ?? basename(path),
    size: blob.size,
    lastModified: Math.trunc(mtimeMs),
    ...(options.type !== undefined && { type: options.type }),
    slice: (start, end) => blob.slice(start, end),
  }
}
