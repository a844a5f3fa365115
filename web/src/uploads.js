// Uppy, set up for one class of uploads.

import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import GoldenRetriever from '@uppy/golden-retriever'

import { bytes, objection, restrictions } from './policy.js'
import { watch } from './signin.js'

/** An Uppy in `target` that uploads into `name`, whose limits are `limits`. `busy` is told whether files travel. */
export function uploads({ api, verdicts, target, name, limits, busy }) {
  const asked = new Map()
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
    note: `${name === 'default' ? 'Files' : `Files for “${name}”`} of at most ${bytes(restrictions(limits).maxFileSize)}`,
    proudlyDisplayPoweredByUppy: false,
  })
  // What was under way when the page was closed goes on when it is opened again.
  uppy.use(GoldenRetriever)
  uppy.use(AwsS3, {
    shouldUseMultipart: (file) => file.size > limits.multipartFrom,
    // The server has keys of its own: ours only leads back to the file when a request is to be signed.
    generateObjectKey(file) {
      const key = `${crypto.randomUUID()}-${file.name}`
      asked.set(key, file)
      return key
    },
    signRequest(request) {
      const file = asked.get(request.key)
      const known = file && { size: file.size, type: file.type, class: name }
      return api.need('/s3/sign', { method: 'POST', body: { ...known, ...request } })
    },
  })
  watch(uppy, { api: api.url, token: () => api.renew() })
  const travel = ({ currentUploads }) => Object.keys(currentUploads).length > 0
  uppy.on('state-update', (before, after) => travel(before) !== travel(after) && busy(travel(after)))
  // Files that come back after a reload have started already, and are not announced again.
  uppy.on('restored', () => {
    for (const file of uppy.getFiles()) if (file.progress.uploadStarted && !file.progress.complete) verdicts.interrupted(file)
  })
  uppy.on('upload-start', (files) => files.forEach((file) => verdicts.travelling(file)))
  uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
    if (file && bytesTotal) verdicts.progress(file, bytesUploaded / bytesTotal)
  })
  uppy.on('upload-pause', (file, paused) => file && verdicts.paused(file, paused))
  uppy.on('pause-all', () => uppy.getFiles().forEach((file) => verdicts.paused(file, true)))
  uppy.on('resume-all', () => uppy.getFiles().forEach((file) => verdicts.paused(file, false)))
  uppy.on('upload-error', (file, error) => file && verdicts.failed(file, error.message))
  uppy.on('file-removed', (file) => {
    verdicts.removed(file)
    for (const [key, { id }] of asked) if (id === file.id) asked.delete(key)
  })
  uppy.on('upload-success', (file, { body }) => verdicts.arrived(file, body.key.split('/').pop()))
  // From here on the verdicts tell, and a green tick would say too much too early.
  uppy.on('complete', ({ successful }) => successful.forEach((file) => uppy.removeFile(file.id)))
  return uppy
}
