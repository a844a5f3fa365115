// Sets up Uppy for one class, and shows its uploads on cards.

import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import GoldenRetriever from '@uppy/golden-retriever'

import { watchArrival } from './arrival.js'
import { bytes, objection, restrictions } from './policy.js'
import { showFailed, showVerdict } from './results.js'
import { watch } from './signin.js'

const VERDICT_TIMEOUT_MS = 10 * 60_000

/** An Uppy in `target` that uploads to the class `name` with these `limits`. It calls `setUploading` when uploads start or end. */
export function uploads({ api, client, cards, onVerdict, target, name, limits, setUploading }) {
  const filesByKey = new Map()
  const shown = new Map()
  const cardOf = (file) => {
    const known = shown.get(file.id)
    if (known?.isShown) return known
    const card = cards.add(file.name)
    shown.set(file.id, card)
    return card
  }
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
    onFailed: (file, error) => showFailed(cardOf(file), error.message, []),
  })
  const isUploading = ({ currentUploads }) => Object.keys(currentUploads).length > 0
  uppy.on('state-update', (before, after) => isUploading(before) !== isUploading(after) && setUploading(isUploading(after)))
  // Uppy emits no upload-start for files that it restores after a reload.
  uppy.on('restored', () => {
    for (const file of uppy.getFiles()) {
      if (!file.progress.uploadStarted || file.progress.complete) continue
      const card = cardOf(file)
      card.set('interrupted', 'Interrupted.', file.isGhost ? 'Choose the same file again to upload the rest.' : 'Start the upload again to continue.')
      card.progress((file.progress.bytesUploaded || 0) / (file.progress.bytesTotal || 1))
    }
  })
  const setPaused = (file, paused) => {
    const card = shown.get(file.id)
    if (card?.item.dataset.state === 'uploading') card.set('uploading', paused ? 'Paused.' : 'Uploading.')
  }
  uppy.on('upload-start', (files) => {
    files.forEach((file) => cardOf(file).set('uploading', 'Uploading.'))
  })
  uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
    if (file && bytesTotal) shown.get(file.id)?.progress(bytesUploaded / bytesTotal)
  })
  uppy.on('upload-pause', (file, paused) => file && setPaused(file, paused))
  uppy.on('pause-all', () => uppy.getFiles().forEach((file) => setPaused(file, true)))
  uppy.on('resume-all', () => uppy.getFiles().forEach((file) => setPaused(file, false)))
  uppy.on('file-removed', (file) => {
    const card = shown.get(file.id)
    if (card && ['uploading', 'failed', 'interrupted'].includes(card.item.dataset.state)) card.remove()
    for (const [key, { id }] of filesByKey) if (id === file.id) filesByKey.delete(key)
  })
  uppy.on('upload-success', async (file, { body }) => {
    const card = cardOf(file)
    // A later upload of the same file gets a new card.
    shown.delete(file.id)
    const record = await verdict(card, body.key.split('/').pop())
    if (!record) return card.set('unknown', 'Uploaded, verdict unknown.', 'There is no verdict after ten minutes. The file is stored and may still be accepted.')
    showVerdict(client, card, record, file.data)
    onVerdict(card)
  })
  // From here on the cards show the file. A green tick in Uppy would look like an accepted file.
  uppy.on('complete', ({ successful }) => successful.forEach((file) => uppy.removeFile(file.id)))

  /** Polls for the verdict. The sentence of a problem, such as a sign-in that has expired, stays on the card until it is solved. */
  async function verdict(card, id) {
    card.set('checking', 'Uploaded.', 'Checking its content.')
    const deadline = Date.now() + VERDICT_TIMEOUT_MS
    let noticed
    for (let wait = 250; Date.now() < deadline; wait = Math.min(wait * 1.5, 5000)) {
      const { body, problem } = await api.request(`/uploads/${id}`).catch(({ message }) => ({ body: {}, problem: message }))
      if (['accepted', 'rejected'].includes(body.status)) return body
      if (problem !== noticed) card.showNotice(problem && `Uploaded, but the verdict could not be read. ${problem}`)
      noticed = problem
      await new Promise((done) => setTimeout(done, wait))
    }
    return undefined
  }

  return uppy
}
