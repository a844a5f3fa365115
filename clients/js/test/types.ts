// Compiled only: what callers write has the types that they expect. `npm run check` needs dist/.

import { createClient, SluiceError, type AcceptedRecord, type Reason, type UploadResult } from '@sluice/client'
import { checksums } from '@sluice/client/checksum'
import { CATALOGUE, describe, summarize } from '@sluice/client/messages'
import { openFile } from '@sluice/client/node'
import { useUpload } from '@sluice/client/react'
import { indexedDbStore } from '@sluice/client/store-indexeddb'
import { fileStore } from '@sluice/client/store-node'

const client = createClient({ api: 'https://api.example', token: async () => 'token', store: indexedDbStore(), checksum: checksums({ algorithm: 'sha256' }) })
createClient({ api: 'https://api.example', store: fileStore('uploads.json'), concurrency: { max: 4 }, preflight: false })

export async function one(file: File): Promise<string> {
  const task = client.upload(file, { class: 'avatar', metadata: { album: 'a' }, signal: AbortSignal.timeout(1000), onProgress: ({ loaded, total, rate, secondsLeft }) => [loaded, total, rate, secondsLeft?.toFixed()] })
  if (task.pausable) task.pause()
  const result = await task
  const same: File = result.file
  if (result.status === 'accepted') {
    const record: AcceptedRecord = result.record
    return record.grantedType ?? record.declared?.contentType ?? record.id
  }
  if (result.status === 'rejected') {
    const reasons: readonly Reason[] = result.reasons
    return reasons.map((reason) => describe(reason) + (reason.evidence ?? '')).join()
  }
  if (result.problem.code === 'too-large' || result.problem.code === 'cancelled') return `${result.problem.limit?.toFixed()} ${result.problem.actual} ${result.problem.allowed?.join()} ${describe(result.problem)}`
  // @ts-expect-error: a failure has no record.
  result.record
  return summarize(result) + same.name
}

export async function many(list: FileList, lazy: AsyncIterable<File>): Promise<UploadResult<File>[]> {
  for await (const { status, file } of client.upload(lazy, { onFileProgress: (file: File, { phase }) => [file, phase] })) console.log(file.lastModified, status)
  const batch = client.upload(list, { onProgress: ({ accepted, files }) => [accepted, files], onResult: ({ file }) => file.webkitRelativePath })
  batch.cancel()
  // @ts-expect-error: only one file can tell whether a pause keeps progress.
  batch.pausable
  return batch
}

export async function other(): Promise<void> {
  const results = await client.upload([await openFile('a.txt'), await openFile('b.txt', { type: 'text/plain' })])
  const { allow, declared } = await client.policy('avatar')
  if (declared === 'exact') return
  const { items, nextCursor } = await client.list({ limit: 10 })
  try {
    await client.delete(items[0]!.id)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'open-mode') console.log(error.problem.title, error.problem.retryable)
  }
  console.log(results, allow, nextCursor, CATALOGUE.reasons['executable'])
  // @ts-expect-error: a name and a size are needed.
  client.upload(new Blob([]))
}

export function Component(): unknown {
  const { items, upload, busy, progress } = useUpload(client, { class: 'avatar' })
  return [items.map(({ key, file, result }) => [key, file.name, result?.status]), (files: FileList | null) => upload(files), busy, progress?.accepted]
}
