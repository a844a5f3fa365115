// Shared by the tests: the browser, pages with Uppy, test files, and calls to the API and to S3.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'

import { chromium } from 'playwright-core'

import { launchOptions } from '../chromium.mjs'

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

/** Tests that wait more than they work: some of them run at the same time, each in a browser context of its own. */
export const together = (name, tests) => describe(name, { concurrency: 3 }, tests)

/** The time-out of each wait. */
export const TIMEOUT_MS = 90_000

let running
export async function browser() {
  running ??= chromium.launch(launchOptions())
  return running
}

export async function close() {
  await (await running)?.close()
}

/** Opens a page with only Uppy 5 or 6 in a new browser context. */
export async function openUppy(version, options = {}) {
  return openUppyIn(await (await browser()).newContext(options), version)
}

/** Opens another such page in the same context, with the same storage. */
export async function openUppyIn(context, version) {
  const tab = await context.newPage()
  tab.setDefaultTimeout(TIMEOUT_MS)
  await tab.goto(`${page}/uppy${version}.html`)
  await tab.waitForFunction(() => 'Uppy' in globalThis)
  await tab.evaluate(prepare)
  return tab
}

/** Runs in the page: defines globals that make test files, start Uppy and record its results. */
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
    // A presigned PUT instead of a POST form, as in docs/UPPY.md.
    if (s3.put) {
      s3.getUploadParameters = async ({ name, type, size }) => {
        const query = new URLSearchParams({ method: 'PUT', filename: name, type, 'metadata[size]': size })
        const response = await globalThis.fetch(`${s3.endpoint}/s3/params?${query}`, { headers: s3.headers })
        return response.json()
      }
    }
    if (s3.sign) {
      const { url, token, sendFields } = s3.sign
      // The properties of the file that this page sends.
      const fields = () => Object.fromEntries((sendFields ?? []).map((name) => [name, uppy.getFiles()[0][name]]))
      s3.signRequest = async (request) => {
        const bearer = globalThis.token ?? token
        const response = await globalThis.fetch(url, {
          method: 'POST',
          headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/json' },
          body: JSON.stringify({ ...fields(), ...request }),
        })
        const body = await response.json()
        if (!response.ok) throw new Error(body.message)
        return body
      }
    }
    uppy.use(AwsS3, s3)
    globalThis.uppy = uppy
    globalThis.results = { parts: [], errors: [], successes: [], calls: [] }
    uppy.on('s3-multipart:part-uploaded', (file, part) => results.parts.push(part.PartNumber))
    uppy.on('upload-error', (file, error) => results.errors.push(error.message))
    uppy.on('upload-success', (file, response) => results.successes.push(response.body))
    return uppy
  }
  // Whether Golden Retriever has stored both the upload's state and the file.
  globalThis.isStored = async () => {
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
  // Records the calls to the API. A test can set `globalThis.intercept` to respond in its place.
  const { fetch } = globalThis
  globalThis.fetch = async (url, options) => {
    // The emulator puts a prefix before every path.
    const path = new URL(url, location).pathname.replace(/^\/_aws\/execute-api\/[^/]+/, '')
    const call = `${options?.method ?? 'GET'} ${path}`
    globalThis.results?.calls.push(call)
    return (await globalThis.intercept?.(call, () => fetch(url, options))) ?? fetch(url, options)
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

/** Uploads the added file and returns the recorded results. */
export async function upload(tab) {
  await tab.evaluate(() => uppy.upload().catch(() => {}))
  return tab.evaluate(() => results)
}

/** The errors that Uppy's user interface shows: for all files, and for the one file. */
export const displayedErrors = (tab) => tab.evaluate(() => ({ all: uppy.getState().error, file: uppy.getFiles()[0].error }))

/** Records the requests and responses of a page from now on. A part is named by S3's upload id and its number. */
export function recordTraffic(tab) {
  const entries = []
  // Requests that began before are not counted.
  const open = new Set()
  const add = (request, status) => {
    const { pathname, searchParams } = new URL(request.url())
    const [upload, number] = [searchParams.get('uploadId'), searchParams.get('partNumber')]
    entries.push({ method: request.method(), pathname, status, part: number && `${upload}/${number}` })
  }
  tab.on('request', (request) => {
    open.add(request)
    add(request)
  })
  for (const end of ['requestfinished', 'requestfailed']) tab.on(end, (request) => open.delete(request))
  tab.on('response', (response) => add(response.request(), response.status()))
  return {
    /** Parts whose upload was started. */
    startedParts: () => entries.filter(({ part, status }) => part && status === undefined).map(({ part }) => part),
    /** Parts that S3 confirmed with status 200. */
    storedParts: () => entries.filter(({ part, status }) => part && status === 200).map(({ part }) => part),
    /** The number of successful calls that list parts. */
    listCalls: () => entries.filter(({ method, pathname, status }) => method === 'GET' && status === 200 && /\/s3\/multipart\/[^/]+$/.test(pathname)).length,
    /** Whether no request is open. */
    idle: () => open.size === 0,
    /** The number of requests and responses. */
    count: () => entries.length,
  }
}

/** Calls the API, as Alice by default. */
export async function callApi(method, path, { token = alice.token, body, api = stack.apiUrl, headers = {} } = {}) {
  const all = { ...headers }
  if (token) all.authorization = `Bearer ${token}`
  if (body !== undefined) all['content-type'] = 'application/json'
  const response = await fetch(`${api}${path}`, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body) })
  return { status: response.status, body: await response.json().catch(() => undefined), headers: response.headers }
}

/** Calls `check` until it returns a truthy value, and returns that. */
export async function eventually(what, check) {
  for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; ) {
    const result = await check()
    if (result) return result
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new assert.AssertionError({ message: `${what}: not within ${TIMEOUT_MS / 1000} s` })
}

/** Waits for the verdict of the one successful upload and returns its record. */
export function waitForVerdict(results, options) {
  assert.deepEqual(results.errors, [])
  assert.equal(results.successes.length, 1)
  const id = results.successes[0].key.split('/').pop()
  return eventually('a verdict', async () => {
    const { body } = await callApi('GET', `/uploads/${id}`, options)
    return ['accepted', 'rejected'].includes(body.status) && body
  })
}

/** Runs a script in the page when Uppy has uploaded the first part. */
export const onFirstPart = (tab, action) =>
  tab.evaluate((action) => uppy.once('s3-multipart:part-uploaded', new Function(action)), action)

/** Sends a signed request to an AWS service of the stack, with administrator credentials. */
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
  const response = await fetch(url, { method, headers: { ...sent, authorization }, body: body || undefined })
  return { status: response.status, text: await response.text() }
}

/** Sends a request to S3 with administrator credentials. */
export const s3Request = (method, path, query) => signed('s3', method, path, { query })

/** Calls Cognito, which issues the tokens. */
export async function cognito(action, body) {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` }
  const { status, text } = await signed('cognito-idp', 'POST', '', { headers, body: JSON.stringify(body) })
  assert.equal(status, 200, text)
  return JSON.parse(text)
}

/** The multipart uploads in progress in S3 for one upload of the API. */
export async function inProgressUploads(id, bucket = stack.bucket) {
  const { text } = await s3Request('GET', bucket, { uploads: '', prefix: '1/' })
  const all = text.split('<Upload>').slice(1).map((one) => ({ key: /<Key>([^<]+)</.exec(one)[1], upload: /<UploadId>([^<]+)</.exec(one)[1] }))
  return all.filter(({ key }) => key.endsWith(`/${id}`))
}

/** Saves a screenshot of the whole page. */
export const screenshot = (tab, name) => tab.screenshot({ path: join(process.env.SLUICE_SCREENS, `${name}.png`), fullPage: true })
