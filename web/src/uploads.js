// Sets up Uppy for one class.

import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import GoldenRetriever from '@uppy/golden-retriever'

import { watchArrival } from './arrival.js'
import { bytes, objection, restrictions } from './policy.js'
import { watch } from './signin.js'

/** An Uppy in `target` that uploads to the class `name` with these `limits`. It calls `setUploading` when uploads start or end. */
export function uploads({ api, verdicts, target, name, limits, setUploading }) {
  const filesByKey = new Map()
  const uppy = new Uppy({
    id: `sluice-${name}`,
    restrictions: restrictions(limits),
    onBeforeFileAdded(file) {
      const sentence = objection(limits, file)
      if (sentence === undefined) return true
      uppy.info(sentence, 'error', 8000)
      return false
    },
  })
  uppy.use(Dashboard, {
    target,
    inline: true,
    width: '100%',
    height: 380,
    theme: 'auto',
    note: `${name === 'default' ? 'Files' : `Files of class “${name}”`} up to ${bytes(restrictions(limits).maxFileSize)}`,
    proudlyDisplayPoweredByUppy: false,
  })
  // Restores unfinished uploads when the page is opened again.
  uppy.use(GoldenRetriever)
  uppy.use(AwsS3, {
    shouldUseMultipart: (file) => file.size > limits.multipartFrom,
    // The server makes the object key. This key only finds the file when Uppy asks for a signature.
    generateObjectKey(file) {
      const key = `${crypto.randomUUID()}-${file.name}`
      filesByKey.set(key, file)
      return key
    },
    async signRequest(request) {
      const file = filesByKey.get(request.key)
      const fields = file && { size: file.size, type: file.type, class: name }
      const signed = await api.requestBody('/s3/sign', { method: 'POST', body: { ...fields, ...request } })
      if (signed.fields) arrival.granted(file, signed.fields.key)
      return signed
    },
  })
  watch(uppy, { api: api.url, token: () => api.renew() })
  const arrival = watchArrival(uppy, {
    readRecord: (id) => api.request(`/uploads/${id}`),
    onFailed: (file, error) => verdicts.failed(file, error.message),
  })
  const isUploading = ({ currentUploads }) => Object.keys(currentUploads).length > 0
  uppy.on('state-update', (before, after) => isUploading(before) !== isUploading(after) && setUploading(isUploading(after)))
  // Uppy emits no upload-start for files that it restores after a reload.
  uppy.on('restored', () => {
    for (const file of uppy.getFiles()) if (file.progress.uploadStarted && !file.progress.complete) verdicts.interrupted(file)
  })
  uppy.on('upload-start', (files) => files.forEach((file) => verdicts.uploading(file)))
  uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
    if (file && bytesTotal) verdicts.progress(file, bytesUploaded / bytesTotal)
  })
  uppy.on('upload-pause', (file, paused) => file && verdicts.paused(file, paused))
  uppy.on('pause-all', () => uppy.getFiles().forEach((file) => verdicts.paused(file, true)))
  uppy.on('resume-all', () => uppy.getFiles().forEach((file) => verdicts.paused(file, false)))
  uppy.on('file-removed', (file) => {
    verdicts.removed(file)
    for (const [key, { id }] of filesByKey) if (id === file.id) filesByKey.delete(key)
  })
  uppy.on('upload-success', (file, { body }) => verdicts.uploaded(file, body.key.split('/').pop()))
  // From here on the list of verdicts shows the file. A green tick in Uppy would look like an accepted file.
  uppy.on('complete', ({ successful }) => successful.forEach((file) => uppy.removeFile(file.id)))
  return uppy
}
