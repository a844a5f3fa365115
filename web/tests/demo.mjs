// Shared by the tests of the demo page.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { TIMEOUT_MS, browser, page, stack } from './fixture.mjs'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Opens the demo page in a new browser context. `session` replaces the user that `cargo xtask up` signed in. */
export async function demo({ session, isReady, ...options } = {}, query = '') {
  const context = await (await browser()).newContext(options)
  const tab = await context.newPage()
  tab.setDefaultTimeout(TIMEOUT_MS)
  tab.problems = []
  tab.on('pageerror', (error) => tab.problems.push(error.message))
  if (session) await tab.route('**/session.json', (route) => route.fulfill({ json: { apiUrl: stack.apiUrl, ...session } }))
  await tab.goto(`${page}/${query}`)
  await tab.locator(isReady ?? (query.includes('uppy') ? '.uppy-Dashboard-AddFiles' : '#drop')).waitFor()
  return tab
}

/** Chooses files as in the browser's file dialog. */
export const choose = (tab, ...files) => tab.locator('#drop:not([hidden]) #input, #dashboard input[type=file]').first().setInputFiles(files)

/** The card of a file in a state. */
export const card = (tab, name, state) => tab.locator(`#files > li[data-state=${state}]`, { has: tab.getByRole('heading', { name, exact: true }) })

/** Runs in the page: chooses a file that is too large for setInputFiles. */
export function bigFile() {
  const line = 'Files go straight to S3 and are served once they were valid\n'.repeat(17)
  const file = new File(Array(110_000).fill(line), 'log.txt', { type: 'text/plain', lastModified: 1_793_707_200_000 })
  const transfer = new DataTransfer()
  transfer.items.add(file)
  const input = document.querySelector('#dashboard input[type=file]') ?? document.querySelector('#input')
  input.files = transfer.files
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

/** Drags a file over the page and drops it. */
export async function drop(tab, target, file) {
  const { x, y, width, height } = await tab.locator(target).boundingBox()
  const client = await tab.context().newCDPSession(tab)
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    const data = { items: [], files: [file], dragOperationsMask: 1 }
    await client.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data })
  }
}

/** Asserts that axe finds nothing on the page. */
export async function axe(tab) {
  if (!(await tab.evaluate(() => 'axe' in globalThis))) await tab.evaluate(axeSource)
  const violations = await tab.evaluate(async () => {
    const { violations } = await axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`)
  })
  assert.deepEqual(violations, [])
}

/** The address of a download link, once the page has asked for it. */
export async function signedUrl(link) {
  for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; ) {
    const url = await link.getAttribute('href')
    if (url !== '#') return url
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('the page did not get the address of the file')
}
