// Runs in the page: uploads the chosen files with one of the clients. Each returns milliseconds until S3 has all files, and
// until all verdicts are known where the client asks for them, and how many files were accepted.

import { createClient } from '../../clients/js/src/index.ts'

const chosen = () => [...document.querySelector('input').files]

/** Our client. */
async function ours({ api, token }) {
  const files = chosen()
  const start = performance.now()
  let [stored, storedMs, accepted] = [0, undefined, 0]
  const seen = new Set()
  const onFileProgress = (file, { phase }) => {
    if (phase !== 'checking' || seen.has(file)) return
    seen.add(file)
    if ((stored += 1) === files.length) storedMs = performance.now() - start
  }
  const onResult = ({ status, problem }) => {
    if (status === 'accepted') accepted += 1
    else console.error(`not accepted: ${JSON.stringify(problem ?? status)}`)
  }
  await createClient({ api, token }).upload(files, { keepResults: false, onFileProgress, onResult })
  return { storedMs, verdictMs: performance.now() - start, accepted }
}

/** Uppy with its S3 plugin as its documentation shows it. */
async function uppy({ api, token, version }) {
  const uppy = new Uppy()
  const headers = { authorization: `Bearer ${token}` }
  if (version === 5) uppy.use(AwsS3, { endpoint: api, headers })
  else {
    const byKey = new Map()
    uppy.use(AwsS3, {
      generateObjectKey(file) {
        const key = `${crypto.randomUUID()}-${file.name}`
        byKey.set(key, file)
        return key
      },
      async signRequest(request) {
        const file = byKey.get(request.key)
        const fields = file && { size: file.size, type: file.type }
        const response = await fetch(`${api}/s3/sign`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ ...fields, ...request }) })
        const body = await response.json()
        if (!response.ok) throw new Error(body.message)
        return body
      },
    })
  }
  uppy.on('upload-error', (file, { message }) => console.error(`not uploaded: ${message}`))
  uppy.addFiles(chosen().map((file) => ({ name: file.name, type: file.type, data: file })))
  const start = performance.now()
  const { successful } = await uppy.upload()
  return { storedMs: performance.now() - start, accepted: successful.length }
}

/** The function of README.md, for all files at once. */
async function readme({ api, token, code }) {
  const upload = new Function(`${code}; return upload`)()
  const original = globalThis.fetch
  const start = performance.now()
  let [stored, storedMs, accepted] = [0, undefined, 0]
  const files = chosen()
  globalThis.fetch = async (url, options) => {
    const response = await original(url, options)
    if (options?.method === 'PUT' && (stored += 1) === files.length) storedMs = performance.now() - start
    return response
  }
  const count = ({ status }) => (accepted += status === 'accepted' ? 1 : 0)
  await Promise.all(files.map((file) => upload(api, token, file).then(count, ({ message }) => console.error(`not uploaded: ${message}`))))
  return { storedMs, verdictMs: performance.now() - start, accepted }
}

globalThis.run = { ours, uppy, readme }
