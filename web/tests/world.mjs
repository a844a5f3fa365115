// A browser, pages with Uppy in them, files to upload, and the API as tests see it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { chromium } from 'playwright-core'

export const stack = JSON.parse(readFileSync(process.env.SLUICE_STACK, 'utf8'))
export const page = process.env.SLUICE_PAGE
export const openApi = process.env.SLUICE_OPEN_API
export const openBucket = process.env.SLUICE_OPEN_BUCKET
export const full = process.env.SLUICE_FULL !== ''
export const [alice, bob] = stack.users
export const MB = 1_000_000

const repository = join(import.meta.dirname, '../..')
const assets = join(repository, 'tests/assets')
export const png = readFileSync(join(assets, 'lock.png'))
export const program = readFileSync(join(assets, 'program.exe'))

/** How long anything may take. A deadline, not a measurement. */
export const PATIENCE = 90_000

let running
export async function browser() {
  running ??= await chromium.launch({
    executablePath: process.env.SLUICE_CHROMIUM,
    // As root, which CI and containers are, Chromium's own sandbox can't be.
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  })
  return running
}

export async function close() {
  await running?.close()
}

/** A page with nothing but Uppy in it, of version 5 or 6, and what its console said. */
export async function bare(version, options = {}) {
  return again(await (await browser()).newContext(options), version)
}

/** Another one that shares what the browser keeps. */
export async function again(context, version) {
  const tab = await context.newPage()
  tab.setDefaultTimeout(PATIENCE)
  await tab.goto(`${page}/bare${version}.html`)
  await tab.waitForFunction(() => 'Uppy' in globalThis)
  await tab.evaluate(prepare)
  return tab
}

/** Runs in the page: ways to set up an Uppy and to wait for it. */
function prepare() {
  globalThis.bytes = (size) => {
    const line = new TextEncoder().encode('Files go straight to S3 and are served once they were valid\n')
    const chunk = new Uint8Array(1 << 20)
    for (let at = 0; at < chunk.length; at += line.length) chunk.set(line.subarray(0, Math.min(line.length, chunk.length - at)), at)
    const pieces = []
    for (let left = size; left > 0; left -= chunk.length) pieces.push(left >= chunk.length ? chunk : chunk.subarray(0, left))
    return new Blob(pieces)
  }
  globalThis.start = ({ five, six, retrieve = false, multipart = false, meta = {} }) => {
    const uppy = new Uppy({ meta })
    if (retrieve) uppy.use(GoldenRetriever, { expires: 60_000 })
    const s3 = { ...(five ?? six) }
    if (multipart) s3.shouldUseMultipart = true
    // A URL instead of a form, as docs/UPPY.md says.
    if (s3.put) {
      s3.getUploadParameters = async ({ name, type, size }) => {
        const query = new URLSearchParams({ method: 'PUT', filename: name, type, 'metadata[size]': size })
        const answer = await globalThis.fetch(`${s3.endpoint}/s3/params?${query}`, { headers: s3.headers })
        return answer.json()
      }
    }
    if (s3.sign) {
      const { url, token, tell } = s3.sign
      // What the page knows of the file, where it tells.
      const known = () => Object.fromEntries((tell ?? []).map((name) => [name, uppy.getFiles()[0][name]]))
      s3.signRequest = async (request) => {
        const bearer = globalThis.token ?? token
        const answer = await globalThis.fetch(url, {
          method: 'POST',
          headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/json' },
          body: JSON.stringify({ ...known(), ...request }),
        })
        const body = await answer.json()
        if (!answer.ok) throw new Error(body.message)
        return body
      }
    }
    uppy.use(AwsS3, s3)
    globalThis.uppy = uppy
    globalThis.told = { parts: [], errors: [], successes: [], calls: [] }
    uppy.on('s3-multipart:part-uploaded', (file, part) => told.parts.push(part.PartNumber))
    uppy.on('upload-error', (file, error) => told.errors.push(error.message))
    uppy.on('upload-success', (file, response) => told.successes.push(response.body))
    return uppy
  }
  // Whether Golden Retriever has stored both the upload's state and the file.
  globalThis.kept = async () => {
    let [state, blob] = [JSON.stringify(Object.values(localStorage)).includes('s3Multipart'), false]
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)))
      for (const store of database.objectStoreNames) {
        const all = await new Promise((done) => (database.transaction(store).objectStore(store).getAll().onsuccess = (event) => done(event.target.result)))
        state ||= JSON.stringify(all).includes('s3Multipart')
        blob ||= all.some((record) => record.data instanceof Blob)
      }
      database.close()
    }
    return state && blob
  }
  // What the page asks our API, and a way to interfere: `globalThis.meddle` may answer in its place.
  const { fetch } = globalThis
  globalThis.fetch = async (url, options) => {
    // Without the prefix that the emulator puts before every path.
    const path = new URL(url, location).pathname.replace(/^\/_aws\/execute-api\/[^/]+/, '')
    const call = `${options?.method ?? 'GET'} ${path}`
    globalThis.told?.calls.push(call)
    return (await globalThis.meddle?.(call, () => fetch(url, options))) ?? fetch(url, options)
  }
}

/** Adds a file in the page: `content` as bytes, or `size` bytes of text. */
export function add(tab, { name, type, content, size, meta }) {
  const base64 = content && Buffer.from(content).toString('base64')
  return tab.evaluate(
    ({ name, type, base64, size, meta }) => {
      const data = base64 === undefined ? bytes(size) : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
      return uppy.addFile({ name, type, data: new File([data], name, { type }), meta })
    },
    { name, type, base64, size, meta },
  )
}

/** Uploads what was added; gives what Uppy made of it. */
export async function upload(tab) {
  await tab.evaluate(() => uppy.upload().catch(() => {}))
  return tab.evaluate(() => told)
}

/** What Uppy's own user interface would show: of everything, and of the one file. */
export const shown = (tab) => tab.evaluate(() => ({ all: uppy.getState().error, file: uppy.getFiles()[0].error }))

/** What a page asks our API for and sends to S3 from now on, with what was answered; parts under S3's own name of the upload. */
export function traffic(tab) {
  const seen = []
  let open = 0
  const add = (request, status) => {
    const { pathname, searchParams } = new URL(request.url())
    const [upload, number] = [searchParams.get('uploadId'), searchParams.get('partNumber')]
    seen.push({ method: request.method(), pathname, status, part: number && `${upload}/${number}` })
  }
  tab.on('request', (request) => {
    open += 1
    add(request)
  })
  for (const end of ['requestfinished', 'requestfailed']) tab.on(end, () => (open -= 1))
  tab.on('response', (response) => add(response.request(), response.status()))
  return {
    /** Parts that were begun to be sent. */
    begun: () => seen.filter(({ part, status }) => part && status === undefined).map(({ part }) => part),
    /** Parts that S3 has confirmed to the page. */
    stored: () => seen.filter(({ part, status }) => part && status === 200).map(({ part }) => part),
    /** How often the page asked what has arrived. */
    lists: () => seen.filter(({ method, pathname, status }) => method === 'GET' && status === 200 && /\/s3\/multipart\/[^/]+$/.test(pathname)).length,
    /** Whether nothing is on its way. */
    idle: () => open === 0,
    /** How much there was of anything. */
    count: () => seen.length,
  }
}

/** Calls the API as somebody. */
export async function ask(method, path, { token = alice.token, body, api = stack.apiUrl, headers = {} } = {}) {
  const all = { ...headers }
  if (token) all.authorization = `Bearer ${token}`
  if (body !== undefined) all['content-type'] = 'application/json'
  const answer = await fetch(`${api}${path}`, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body) })
  return { status: answer.status, body: await answer.json().catch(() => undefined), headers: answer.headers }
}

/** Asks until there is something. */
export async function eventually(what, look) {
  for (const until = Date.now() + PATIENCE; Date.now() < until; ) {
    const seen = await look()
    if (seen) return seen
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new assert.AssertionError({ message: `${what}: not within ${PATIENCE / 1000} s` })
}

/** The record of what Uppy says it uploaded, once there is a verdict. */
export function verdict(told, options) {
  assert.deepEqual(told.errors, [])
  assert.equal(told.successes.length, 1)
  const id = told.successes[0].key.split('/').pop()
  return eventually('a verdict', async () => {
    const { body } = await ask('GET', `/uploads/${id}`, options)
    return ['accepted', 'rejected'].includes(body.status) && body
  })
}

/** Lets something happen in the page as soon as the first part has arrived. */
export const onFirstPart = (tab, action) =>
  tab.evaluate((action) => uppy.once('s3-multipart:part-uploaded', new Function(action)), action)

/** As root, behind everybody's back: a signed request to the stack. */
async function signed(service, method, path, { query = {}, headers = {}, body = '' }) {
  const { createHash, createHmac } = await import('node:crypto')
  const url = new URL(`${stack.endpoint}/${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  url.searchParams.sort()
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/${stack.region}/${service}/aws4_request`
  const sha = (text) => createHash('sha256').update(text).digest('hex')
  const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
  const all = { ...headers, host: url.host, 'x-amz-content-sha256': sha(body), 'x-amz-date': date }
  const names = Object.keys(all).sort()
  const canonical = [
    method, url.pathname, url.searchParams.toString().replaceAll('+', '%20'),
    ...names.map((name) => `${name}:${all[name]}`), '', names.join(';'), sha(body),
  ].join('\n')
  const key = [date.slice(0, 8), stack.region, service, 'aws4_request'].reduce(hmac, `AWS4${stack.credentials.secretAccessKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha(canonical)].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${stack.credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const { host, ...sent } = all
  const answer = await fetch(url, { method, headers: { ...sent, authorization }, body: body || undefined })
  return { status: answer.status, text: await answer.text() }
}

/** A request to the bucket. */
export const root = (method, path, query) => signed('s3', method, path, { query })

/** What Cognito answers, who issues the tokens. */
export async function cognito(action, body) {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` }
  const { status, text } = await signed('cognito-idp', 'POST', '', { headers, body: JSON.stringify(body) })
  assert.equal(status, 200, text)
  return JSON.parse(text)
}

/** S3's uploads in parts for an upload of ours that are not over, as root sees them. */
export async function underway(id, bucket = stack.bucket) {
  const { text } = await root('GET', bucket, { uploads: '', prefix: '1/' })
  const all = text.split('<Upload>').slice(1).map((one) => ({ key: /<Key>([^<]+)</.exec(one)[1], upload: /<UploadId>([^<]+)</.exec(one)[1] }))
  return all.filter(({ key }) => key.endsWith(`/${id}`))
}

/** A picture of the page for people to look at. */
export const screenshot = (tab, name) => tab.screenshot({ path: join(process.env.SLUICE_SCREENS, `${name}.png`), fullPage: true })
