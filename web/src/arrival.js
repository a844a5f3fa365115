// Asks the API whether S3 has a file before an upload counts as failed and before it is sent again. To use it with Uppy 5 or 6,
// copy this file; it has no imports.
//
// S3 can refuse a request (403, 412) and close before it has read the file, and the response to a complete upload can get lost.
// Uppy then sees a broken connection, although S3 may have the file. Only the API's record tells.

/**
 * `readRecord` returns status and body of `GET /uploads/{id}`. `onFailed` gets a file that S3 does not have, and why.
 * Call the returned `granted` with the key of each grant before Uppy sends the file.
 */
export function watchArrival(uppy, { readRecord, onFailed = () => {} }) {
  const checks = new Map()
  // Kept in the file's state, which Golden Retriever restores after a reload.
  const keyOf = (file) => file.sluiceKey ?? file.s3Multipart?.key
  const setKey = (id, key) => uppy.getFile(id) && uppy.setFileState(id, { sluiceKey: key })

  const hasArrived = async (key) => {
    const { status, body } = await readRecord(key.split('/').pop()).catch((problem) => {
      // What fetch throws without a response. Any other error has a message for the user.
      if (problem instanceof TypeError) return {}
      throw problem
    })
    if (['validating', 'accepted', 'rejected'].includes(body?.status)) return true
    if (body?.status === 'uploading' || status === 404) return false
    throw new Error(body?.message ?? 'The API did not respond. Try again in a moment.')
  }

  const succeed = (file, key) => {
    uppy.setFileState(file.id, { error: null, s3Multipart: undefined, sluiceKey: undefined })
    if (!uppy.getFiles().some(({ error }) => error)) uppy.setState({ error: null })
    uppy.hideInfo()
    uppy.emit('upload-success', uppy.getFile(file.id), { status: 200, body: { key } })
  }

  const check = async (file, error) => {
    const key = keyOf(uppy.getFile(file.id) ?? file)
    if (key === undefined) return onFailed(file, error)
    // An error of the API says enough. Errors of S3 have `source` (version 5) or `code` (version 6).
    let { message } = error
    if (error.source || 'code' in error) message = `S3 does not have the file. ${message}`
    try {
      if (await hasArrived(key)) {
        // The user may have retried or removed the file in the meantime.
        if (uppy.getFile(file.id)?.error) succeed(file, key)
        return undefined
      }
    } catch (problem) {
      ;({ message } = problem)
    }
    if (!uppy.getFile(file.id)?.error) return undefined
    uppy.setFileState(file.id, { error: message })
    return onFailed(file, Object.assign(new Error(message), { cause: error }))
  }

  uppy.on('upload-error', (file, error) => {
    if (!file) return
    const pending = check(file, error).finally(() => checks.get(file.id) === pending && checks.delete(file.id))
    checks.set(file.id, pending)
  })
  // Uppy counts the results after the post-processors.
  uppy.addPostProcessor((ids) => Promise.all(ids.map((id) => checks.get(id))))
  // A retry: Uppy does not send a file that is complete.
  uppy.addPreProcessor((ids) => Promise.all(ids.map(async (id) => {
    const file = uppy.getFile(id)
    const key = file && !file.error && keyOf(file)
    if (!key) return
    try {
      if (await hasArrived(key)) succeed(file, key)
      // The next request gets a new key, or belongs to the same multipart upload.
      else setKey(id, undefined)
    } catch (problem) {
      uppy.emit('upload-error', file, problem)
    }
  })))
  uppy.on('s3-multipart:part-uploaded', (file) => setKey(file.id, uppy.getFile(file.id)?.s3Multipart?.key))
  uppy.on('upload-success', (file) => file && setKey(file.id, undefined))

  return { granted: (file, key) => setKey(file.id, key) }
}
