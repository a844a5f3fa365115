// Keeps unfinished uploads in a JSON file. One process may use a file at a time.

import { readFile, rename, writeFile } from 'node:fs/promises'

import type { StoredUpload, UploadStore } from './types.js'

/** The API forgets a session after the class's `sessionLife`; 30 days later S3 removes its parts as well. */
const MAX_AGE_MS = 30 * 24 * 3_600_000

/** A store in a file, which is created when it is needed. The folder must exist. */
export function fileStore(path: string): UploadStore {
  let loaded: Promise<Map<string, StoredUpload>> | undefined
  let writing: Promise<void> = Promise.resolve()
  let queued: Promise<void> | undefined
  const load = () => (loaded ??= readStore(path))
  // Changes that come together are written together.
  const save = (uploads: Map<string, StoredUpload>): Promise<void> =>
    (queued ??= writing = writing
      .catch(() => {})
      .then(() => {
        queued = undefined
        return writeStore(path, uploads)
      }))
  return {
    get: async (fingerprint) => (await load()).get(fingerprint),
    set: async (fingerprint, upload) => {
      const uploads = await load()
      uploads.set(fingerprint, upload)
      await save(uploads)
    },
    delete: async (fingerprint) => {
      const uploads = await load()
      if (uploads.delete(fingerprint)) await save(uploads)
    },
  }
}

async function readStore(path: string): Promise<Map<string, StoredUpload>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? '{}' : Promise.reject(error)))
  const uploads = JSON.parse(text) as Record<string, StoredUpload>
  return new Map(Object.entries(uploads).filter(([, { savedAt }]) => Date.now() - savedAt < MAX_AGE_MS))
}

/** A crash while the file is written leaves the old one. */
async function writeStore(path: string, uploads: Map<string, StoredUpload>): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, JSON.stringify(Object.fromEntries(uploads)), { mode: 0o600 })
  await rename(draft, path)
}
