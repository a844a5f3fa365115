// Keeps unfinished uploads in the browser.

import type { StoredUpload, UploadStore } from './types.js'

/** The API forgets a session after the class's `sessionLife`; 30 days later S3 removes its parts as well. */
const MAX_AGE_MS = 30 * 24 * 3_600_000
const STORE = 'uploads'

/** A store in IndexedDB. Pages of one origin share it, so use one name for each user who can sign in. */
export function indexedDbStore(name = 'sluice'): UploadStore {
  let opened: Promise<IDBDatabase> | undefined
  const open = () => (opened ??= openDatabase(name).catch((error: unknown) => ((opened = undefined), Promise.reject(error))))
  const run = async <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const transaction = (await open()).transaction(STORE, mode)
    const result = work(transaction.objectStore(STORE))
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(result.result)
      transaction.onabort = transaction.onerror = () => reject(transaction.error)
    })
  }
  return {
    get: (fingerprint) => run<StoredUpload | undefined>('readonly', (store) => store.get(fingerprint)),
    set: async (fingerprint, upload) => void (await run('readwrite', (store) => store.put(upload, fingerprint))),
    delete: async (fingerprint) => void (await run('readwrite', (store) => store.delete(fingerprint))),
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('the database is in use by an older version'))
    request.onsuccess = () => {
      removeOld(request.result)
      resolve(request.result)
    }
  })
}

function removeOld(database: IDBDatabase): void {
  const cursor = database.transaction(STORE, 'readwrite').objectStore(STORE).openCursor()
  cursor.onsuccess = () => {
    if (!cursor.result) return
    const { savedAt } = cursor.result.value as StoredUpload
    if (Date.now() - savedAt > MAX_AGE_MS) cursor.result.delete()
    cursor.result.continue()
  }
}
