// The client in Chromium: XMLHttpRequest, IndexedDB, the worker, and CORS as deployed.
// SLUICE_CHROMIUM names the browser; without one these tests are skipped.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'

import { chromium } from 'playwright-core'

import { FakeServer, PART_SIZE } from './server.mjs'

const executablePath = process.env.SLUICE_CHROMIUM || ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const skip = executablePath ? false : 'no Chromium: set SLUICE_CHROMIUM'
const packageFolder = join(import.meta.dirname, '..')

let browser, pages, origin, server, tab

/** Serves dist/ and an empty page, from another origin than the API. */
before(async () => {
  if (skip) return
  pages = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://x').pathname
    if (path.startsWith('/dist/')) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(await readFile(join(packageFolder, path)))
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>test</title><link rel="icon" href="data:,">`)
  })
  await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${pages.address().port}`
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
})
afterEach(async () => {
  await tab?.context().close()
  await server?.stop()
  tab = server = undefined
})
after(async () => {
  await browser?.close()
  pages?.closeAllConnections()
  pages?.close()
})

async function open(setup) {
  server = await FakeServer.start(setup)
  tab = await (await browser.newContext()).newPage()
  tab.on('console', (message) => assert.doesNotMatch(message.text(), /Signature=|Bearer/))
  await load()
}

async function load() {
  await tab.goto(origin)
  await tab.evaluate(async (api) => {
    const [{ createClient }, { indexedDbStore }, { checksums }] = await Promise.all(['index', 'store-indexeddb', 'checksum'].map((name) => import(`/dist/${name}.js`)))
    globalThis.make = ({ store, checksum, ...options } = {}) => createClient({ api, token: 'good', ...(store && { store: indexedDbStore() }), ...(checksum && { checksum: checksums() }), ...options })
    globalThis.fileOf = (size, name = 'photo.png', type = 'image/png') => new File([new Uint8Array(size).fill(name.length)], name, { type, lastModified: 1 })
    globalThis.upload = async (size, options, clientOptions) => {
      globalThis.progress = []
      globalThis.task = make(clientOptions).upload(fileOf(size), { ...options, onProgress: (value) => progress.push(value) })
      const { status, record, problem } = await task
      return { status, id: record?.id, code: problem?.code }
    }
  }, server.url)
}

const upload = (...rest) => tab.evaluate((rest) => globalThis.upload(...rest), rest)
const object = '/s3/object/.*'
const part = (number) => `/s3/part/[^/]+/${number}`
const stored = () => [...server.uploads.values()].filter((upload) => upload.stored).map(({ versions }) => versions)
const assertEachPartOnce = (count) => assert.deepEqual(server.storedParts(), Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 1, 1])))

test('a file in one request, with progress', { skip }, async () => {
  await open()
  const network = await tab.context().newCDPSession(tab)
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: 1e7, uploadThroughput: 1e6 })
  assert.equal((await upload(900_000)).status, 'accepted')
  const progress = await tab.evaluate(() => globalThis.progress)
  assert.ok(progress.some(({ phase, loaded, rate, secondsLeft }) => phase === 'uploading' && loaded > 0 && loaded < 900_000 && rate > 0 && secondsLeft > 0), JSON.stringify(progress))
  assert.deepEqual(stored(), [1])
})

test('faults while a file is sent: one object, not sent again without need', { skip }, async () => {
  await open()
  const expired = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
  for (const [fault, puts] of [
    [{ cut: 100_000 }, 2],
    // Chromium itself repeats a request whose reused connection closes before a response.
    [{ lose: true }, 2],
    [{ early: 65_536, status: 412, store: true }, 1],
    [{ early: 65_536, status: 403, body: expired }, 2],
    [{ status: 503, body: '<Error><Code>SlowDown</Code></Error>' }, 2],
  ]) {
    const before = server.count(`PUT ${object}`)
    server.fault(`PUT ${object}`, fault)
    assert.equal((await upload(900_000)).status, 'accepted', JSON.stringify(fault))
    assert.ok(server.count(`PUT ${object}`) - before <= puts, JSON.stringify(fault))
  }
  assert.deepEqual(stored(), [1, 1, 1, 1, 1])
})

test('parts side by side, with faults', { skip }, async () => {
  await open()
  server.fault(`PUT ${part(2)}`, { cut: 60_000 })
  server.fault(`PUT ${part(4)}`, { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>' })
  assert.equal((await upload(12 * PART_SIZE)).status, 'accepted')
  assertEachPartOnce(12)
})

test('pause, resume and cancel', { skip }, async () => {
  await open()
  const reached = new Promise((resolve) => server.fault(`PUT ${part(4)}`, { run: resolve }))
  const result = upload(12 * PART_SIZE)
  await reached
  assert.equal(await tab.evaluate(() => globalThis.task.pause()), true)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const before = server.requests.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(server.requests.length, before)
  await tab.evaluate(() => globalThis.task.resume())
  assert.equal((await result).status, 'accepted')
  assertEachPartOnce(12)
  const again = new Promise((resolve) => server.fault(`PUT ${part(4)}`, { run: resolve }))
  const second = upload(12 * PART_SIZE)
  await again
  await tab.evaluate(() => globalThis.task.cancel())
  assert.equal((await second).code, 'cancelled')
  assert.equal([...server.sessions.values()].at(-1).state, 'aborted')
})

test('a reload in the middle: the parts that S3 has are not sent again', { skip }, async () => {
  await open()
  const reached = new Promise((resolve) => server.fault(`PUT ${part(6)}`, { run: resolve }))
  upload(12 * PART_SIZE, {}, { store: true }).catch(() => {})
  await reached
  await load()
  assert.equal((await upload(12 * PART_SIZE, {}, { store: true })).status, 'accepted')
  assertEachPartOnce(12)
  assert.equal(server.sessions.size, 1)
})

test('checksums come from a worker', { skip }, async () => {
  await open()
  assert.equal((await upload(5 * PART_SIZE, {}, { checksum: true })).status, 'accepted')
  assert.equal(tab.workers().length, 1)
  assertEachPartOnce(5)
})

test('a 401 that the page cannot read is not taken for a broken connection', { skip }, async () => {
  await open({ tokens: new Set() })
  server.fault('GET /policy', { hideFromPage: true }, Infinity)
  const start = Date.now()
  assert.equal((await upload(1000)).code, 'unauthorized')
  assert.ok(Date.now() - start < 5_000)
})

test('a page that goes offline waits, and goes on', { skip }, async () => {
  await open()
  const reached = new Promise((resolve) => server.fault(`PUT ${part(4)}`, { run: resolve }))
  const result = upload(12 * PART_SIZE)
  await reached
  await tab.context().setOffline(true)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await tab.context().setOffline(false)
  assert.equal((await result).status, 'accepted')
  assertEachPartOnce(12)
})

test('1,000 files: requests to the API', { skip }, async () => {
  await open({ batchRoutes: true })
  const counts = await tab.evaluate(async () => {
    function* files() {
      for (let index = 0; index < 1000; index += 1) yield fileOf(20_000, `photo-${index}.png`)
    }
    const counts = {}
    for await (const { status } of make().upload(files())) counts[status] = (counts[status] ?? 0) + 1
    return counts
  })
  assert.deepEqual(counts, { accepted: 1000 })
  console.log(`# ${server.apiRequests} API requests for 1,000 files`)
  assert.ok(server.apiRequests <= 20, `${server.apiRequests} requests`)
})

async function bundleReact() {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, loader: 'jsx', resolveDir: packageFolder },
    jsx: 'automatic',
    bundle: true,
    format: 'esm',
    write: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  return outputFiles[0].text
}
