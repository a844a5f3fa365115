// A browser, pages with Uppy in them, files to upload, and the API as tests see it.

import assert from 'node:assert/strict'
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { chromium } from 'playwright-core'

// Node's resolver does not know that *.localhost is this machine, as browsers do.
const { lookup } = dns
dns.lookup = (host, options, done) => lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, options, done)

export const stack = JSON.parse(readFileSync(process.env.SLUICE_STACK, 'utf8'))
export const page = process.env.SLUICE_PAGE
export const openApi = process.env.SLUICE_OPEN_API
export const openBucket = process.env.SLUICE_OPEN_BUCKET
export const full = process.env.SLUICE_FULL !== ''
export const [alice, bob] = stack.users
export const MB = 1_000_000

const root = join(import.meta.dirname, '../..')
const assets = join(root, 'tests/assets')
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
  const context = await (await browser()).newContext(options)
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
    // A text file that compresses to nothing and is text all through.
    const line = new TextEncoder().encode('sluice, '.repeat(127) + 'sluice.\n')
    const chunk = new Uint8Array(1 << 20)
    for (let at = 0; at < chunk.length; at += line.length) chunk.set(line.subarray(0, Math.min(line.length, chunk.length - at)), at)
    const pieces = []
    for (let left = size; left > 0; left -= chunk.length) pieces.push(left >= chunk.length ? chunk : chunk.subarray(0, left))
    return new Blob(pieces)
  }
  globalThis.start = ({ five, six, retrieve = false, meta = {} }) => {
    const uppy = new Uppy({ meta })
    if (retrieve) uppy.use(GoldenRetriever, { expires: 60_000 })
    const s3 = five ?? six
    if (s3.chunk) s3.getChunkSize = () => s3.chunk
    if (s3.sign) {
      const { url, token } = s3.sign
      s3.signRequest = async (request) => {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(request),
        })
        const body = await answer.json()
        if (!answer.ok) throw new Error(body.message)
        return body
      }
    }
    uppy.use(AwsS3, s3)
    globalThis.uppy = uppy
    globalThis.told = { parts: [], errors: [], successes: [] }
    uppy.on('s3-multipart:part-uploaded', (file, part) => told.parts.push(part.PartNumber))
    uppy.on('upload-error', (file, error) => told.errors.push(error.message))
    uppy.on('upload-success', (file, response) => told.successes.push(response.body))
    uppy.on('info-visible', () => (told.info ??= []).push(uppy.getState().info.at(-1)?.message))
    return uppy
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

/** A picture of the page for people to look at. */
export const screenshot = (tab, name) => tab.screenshot({ path: join(process.env.SLUICE_SCREENS, `${name}.png`), fullPage: true })
