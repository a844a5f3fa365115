// A hook for React.

import { useCallback, useEffect, useRef, useState } from 'react'

import type { Client } from './client.js'
import type { BatchOptions, BatchProgress, FileProgress, UploadBatch, UploadResult, UploadSource } from './types.js'

const RENDER_MS = 50

/** A file of the hook's list. */
export interface UploadItem<F extends UploadSource = File> {
  /** Stable, for React's `key`. */
  readonly key: number
  readonly file: F
  readonly progress?: FileProgress
  readonly result?: UploadResult<F>
}

export interface UseUpload<F extends UploadSource = File> {
  /** The files of all calls of `upload`, oldest first. */
  readonly items: readonly UploadItem<F>[]
  /** Of the latest call of `upload`. */
  readonly progress: BatchProgress | undefined
  /** Whether an upload runs. */
  readonly busy: boolean
  /** Starts the upload of files, for example of `event.target.files`. */
  upload(files: Iterable<F> | null): UploadBatch<F> | undefined
  /** Cancels all uploads that run. */
  cancel(): void
  /** Removes the files that are done from the list. */
  clear(): void
}

/** Uploads files and renders their state. Uploads go on when the component disappears. */
export function useUpload<F extends UploadSource = File>(client: Client, options: BatchOptions<F> = {}): UseUpload<F> {
  const [items, setItems] = useState<readonly UploadItem<F>[]>([])
  const [progress, setProgress] = useState<BatchProgress>()
  const [busy, setBusy] = useState(0)
  const latest = useRef(options)
  const running = useRef(new Set<UploadBatch<F>>())
  const list = useRef(new Map<number, UploadItem<F>>())
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const nextKey = useRef(0)
  useEffect(() => {
    latest.current = options
  })
  const show = useCallback(() => {
    clearTimeout(timer.current)
    timer.current = undefined
    setItems([...list.current.values()])
  }, [])
  const upload = useCallback(
    (files: Iterable<F> | null) => {
      const added = [...(files ?? [])]
      if (added.length === 0) return undefined
      const keys = new Map(added.map((file) => [file, nextKey.current++]))
      for (const [file, key] of keys) list.current.set(key, { key, file })
      show()
      const change = (file: F, rest: Partial<UploadItem<F>>) => {
        const item = list.current.get(keys.get(file)!)
        if (!item) return
        list.current.set(item.key, { ...item, ...rest })
        // Many files report at the same time: one render shows all changes.
        timer.current ??= setTimeout(show, RENDER_MS)
      }
      const { onFileProgress, onProgress, onResult } = latest.current
      const batch = client.upload([...keys.keys()], {
        ...latest.current,
        onFileProgress: (file, progress) => (change(file, { progress }), onFileProgress?.(file, progress)),
        onProgress: (progress) => (setProgress(progress), onProgress?.(progress)),
        onResult: (result) => (change(result.file, { result }), onResult?.(result)),
      })
      setBusy((count) => count + 1)
      running.current.add(batch)
      const end = () => {
        running.current.delete(batch)
        setBusy((count) => count - 1)
        show()
      }
      batch.then(end, end)
      return batch
    },
    [client, show],
  )
  const cancel = useCallback(() => running.current.forEach((batch) => batch.cancel()), [])
  const clear = useCallback(() => {
    for (const [key, { result }] of list.current) if (result) list.current.delete(key)
    show()
  }, [show])
  return { items, progress, busy: busy > 0, upload, cancel, clear }
}
