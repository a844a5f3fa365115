// The examples of docs/CLIENTS.md in Chromium, as printed.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'

import { build } from 'esbuild'
import { chromium } from 'playwright-core'

import { FakeServer, PART_SIZE, REASON } from './server.mjs'

const executablePath = process.env.SLUICE_CHROMIUM || ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const skip = executablePath ? false : 'no Chromium: set SLUICE_CHROMIUM'
const packageFolder = join(import.meta.dirname, '..')
const document = readFileSync(join(packageFolder, '../../docs/CLIENTS.md'), 'utf8')

/** The example that contains a text, without blank lines longer than `maxLines`. */
function example(text, maxLines) {
  const found = [...document.matchAll(/```tsx?\n([^]*?)\n```/g)].map(([, code]) => code).find((code) => code.includes(text))
  assert.ok(found, `docs/CLIENTS.md has no example with ${text}`)
  const lines = found.split('\n').filter((line) => line !== '').length
  assert.ok(lines <= maxLines, `${text}: ${lines} lines`)
  return found
}

const client = `import { createClient } from '@sluice/client'
const client = createClient({ api: new URLSearchParams(location.search).get('api'), token: 'good' })\n`
const input = `const input = document.querySelector('input')\n`
const pages = {
  plain: () => `${input}const [getToken, showProgress, shown] = ['good', () => {}, []]
const showFile = ({ filename }) => shown.push(filename + ' accepted'), showProblem = (name, reasons) => shown.push(name + ' ' + reasons.map(({ code }) => code))
globalThis.shown = shown\n${example('input.onchange', 11).replace(/'https:[^']+'/, "new URLSearchParams(location.search).get('api')")}`,
  react: () => `${client}import { createRoot } from 'react-dom/client'\n${example('useUpload', 10)}\ncreateRoot(document.getElementById('root')).render(<Uploads />)`,
  filepond: () => `${client}${input}import * as FilePond from 'filepond'\n${example('FilePond.create', 15).replace('FilePond.create', 'globalThis.pond = FilePond.create')}`,
  dropzone: () => `${client}import Dropzone from 'dropzone'\nDropzone.autoDiscover = false\nconst element = document.getElementById('root')\n${example('new Dropzone', 15)}\nglobalThis.dropzone = dropzone`,
}

let browser, files, origin, server, tab
before(async () => {
  if (skip) return
  const scripts = new Map()
  for (const [name, contents] of Object.entries(pages)) {
    const { outputFiles } = await build({
      stdin: { contents: contents(), loader: 'tsx', resolveDir: packageFolder },
      jsx: 'automatic', bundle: true, format: 'esm', write: false, logLevel: 'error', define: { 'process.env.NODE_ENV': '"production"' },
    })
    scripts.set(`/${name}.js`, outputFiles[0].text)
  }
  files = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname
    if (scripts.has(path)) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts.get(path))
    const field = path === '/plain' || path === '/filepond' ? '<input type="file" multiple>' : ''
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>test</title><link rel="icon" href="data:,">${field}<form id="root"></form><script type="module" src="${path}.js"></script>`)
  })
  await new Promise((resolve) => files.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${files.address().port}`
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
})
afterEach(async () => {
  await tab?.context().close()
  await server?.stop()
  tab = server = undefined
})
after(async () => {
  await browser?.close()
  files?.closeAllConnections()
  files?.close()
})

async function open(name) {
  server = await FakeServer.start()
  tab = await (await browser.newContext()).newPage()
  tab.setDefaultTimeout(15_000)
  await tab.goto(`${origin}/${name}?api=${encodeURIComponent(server.url)}`)
}

const chosen = [
  { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.alloc(2000, 'a') },
  { name: 'invoice.png', mimeType: 'image/png', buffer: Buffer.from('MZ program') },
  { name: 'film.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(10) },
  { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5 * PART_SIZE, 'b') },
]

/** The name and the sentence of the rejected file. */
function assertShown(text) {
  for (const part of ['invoice.png', REASON.detail]) assert.ok(text.includes(part), text)
}

test('the example of ten lines', { skip }, async () => {
  await open('plain')
  await tab.setInputFiles('input', chosen)
  await tab.waitForFunction(() => globalThis.shown.length === 4)
  assert.deepEqual((await tab.evaluate(() => globalThis.shown)).sort(), ['film.mp4 extension-not-allowed', 'invoice.png executable', 'large.png accepted', 'photo.png accepted'])
})

test('React', { skip }, async () => {
  await open('react')
  await tab.setInputFiles('input', chosen)
  await tab.waitForFunction(() => document.querySelectorAll('li').length === 4 && !document.querySelector('ul').textContent.includes('uploading'))
  assert.deepEqual(await tab.locator('li').allTextContents(), ['photo.png: accepted', 'invoice.png: rejected', 'film.mp4: failed', 'large.png: accepted'])
})

test('FilePond', { skip }, async () => {
  await open('filepond')
  await tab.setInputFiles('input[type=file]', chosen)
  await tab.waitForFunction(() => globalThis.pond.getFiles().length === 4 && globalThis.pond.getFiles().every(({ status }) => [5, 6, 8].includes(status)))
  const states = await tab.evaluate(() => Object.fromEntries(globalThis.pond.getFiles().map(({ filename, status, serverId }) => [filename, [status, !!serverId]])))
  // 5: processing is complete, 6: processing failed.
  assert.deepEqual(states, { 'photo.png': [5, true], 'invoice.png': [6, false], 'film.mp4': [6, false], 'large.png': [5, true] })
  assertShown(await tab.locator('.filepond--root').textContent())
})

test('Dropzone', { skip }, async () => {
  await open('dropzone')
  await tab.setInputFiles('input[type=file]', chosen)
  await tab.waitForFunction(() => globalThis.dropzone.files.length === 4 && globalThis.dropzone.files.every(({ status }) => ['success', 'error'].includes(status)))
  assert.deepEqual(await tab.evaluate(() => Object.fromEntries(globalThis.dropzone.files.map(({ name, status }) => [name, status]))), { 'photo.png': 'success', 'invoice.png': 'error', 'film.mp4': 'error', 'large.png': 'success' })
  assertShown(await tab.locator('#root').textContent())
})
