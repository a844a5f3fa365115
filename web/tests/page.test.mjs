// The demo page in light and dark, on wide and narrow screens, and with a keyboard. Its screenshots go to target/.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { TIMEOUT_MS, browser, callApi, close, eventually, page, png, program, recordTraffic, screenshot } from './fixture.mjs'

after(close)

const readmeScreenshot = join(import.meta.dirname, '../../docs/demo.png')
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
const looks = {
  'light-wide': { colorScheme: 'light', viewport: { width: 1100, height: 900 } },
  'dark-phone': { colorScheme: 'dark', ...phone },
}

async function open(options = {}, query = '') {
  const context = await (await browser()).newContext(options)
  const tab = await context.newPage()
  tab.setDefaultTimeout(TIMEOUT_MS)
  tab.problems = []
  tab.on('pageerror', (error) => tab.problems.push(error.message))
  await tab.goto(`${page}/${query}`)
  await tab.locator('.uppy-Dashboard-AddFiles').waitFor()
  return tab
}

/** Chooses files as in the browser's file dialog. */
const choose = (tab, ...files) => tab.locator('#dashboard input[type=file]').first().setInputFiles(files)
const send = (tab) => tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
const entry = (tab, name, state) => tab.locator(`#files > li[data-state=${state}]`, { has: tab.getByRole('heading', { name }) })

/** Runs in the page: chooses a file that is too large for setInputFiles. */
function chooseLarge() {
  const line = 'Files go straight to S3 and are served once they were valid\n'.repeat(17)
  const file = new File(Array(110_000).fill(line), 'log.txt', { type: 'text/plain', lastModified: 1_793_707_200_000 })
  const transfer = new DataTransfer()
  transfer.items.add(file)
  const input = document.querySelector('#dashboard input[type=file]')
  input.files = transfer.files
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

for (const [look, options] of Object.entries(looks)) {
  test(`an accepted and a rejected file are shown with their reasons: ${look}`, async () => {
    const tab = await open(options)
    await screenshot(tab, `${look}-1-empty`)
    await choose(
      tab,
      { name: 'holiday 😀 "quoted".png', mimeType: 'image/png', buffer: png },
      { name: 'picture.png', mimeType: 'image/png', buffer: program },
    )
    await screenshot(tab, `${look}-2-chosen`)
    await send(tab)
    const good = entry(tab, 'holiday 😀 "quoted".png', 'accepted')
    await good.waitFor()
    assert.match(await good.innerText(), /Accepted[^]*image\/png, 254 bytes/)
    const bad = entry(tab, 'picture.png', 'rejected')
    await bad.waitFor()
    assert.match(await bad.innerText(), /Rejected[^]*This is a Windows program\./)
    assert.equal(await bad.getByRole('link').count(), 0)
    // The emulator does not return the download's file name. `cargo xtask verify` checks it on AWS.
    const content = await fetch(await good.getByRole('link', { name: 'Download holiday' }).getAttribute('href'))
    assert.deepEqual(Buffer.from(await content.arrayBuffer()), png)
    await screenshot(tab, `${look}-3-verdicts`)
    // The screenshot of the README: `UPDATE_SCREENSHOT=1 cargo xtask test browser` writes it.
    if (process.env.UPDATE_SCREENSHOT && look === 'light-wide') await tab.screenshot({ path: readmeScreenshot, fullPage: true })
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(overflow <= 0, `the page is ${overflow} px wider than the screen`)
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })
}

test('the page shows the limits of a class and refuses a file beyond them before the upload', async () => {
  const tab = await open({}, '?class=avatar')
  assert.equal(await tab.getByLabel('Upload class', { exact: true }).inputValue(), 'avatar')
  await tab.getByText('Allowed files').click()
  assert.match(await tab.locator('#limits').innerText(), /\.png, \.jpg, \.jpeg, \.webp\s+1 byte\s+5 MB/)
  await choose(tab, { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5_000_001) })
  await tab.getByText(/large\.png.*5,000,001 bytes.*5,000,000 bytes/).first().waitFor()
  await screenshot(tab, 'light-too-large')
  await choose(tab, { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) })
  await tab.getByText('empty.png:').first().waitFor()
  assert.equal(await tab.locator('#files > li').count(), 0)
  await tab.context().close()
})

test('a file of another kind is refused with the sentence of the API', async () => {
  const tab = await open({}, '?class=avatar')
  const { body } = await callApi('POST', '/uploads', { body: { filename: 'note.txt', contentType: 'text/plain', size: 1, class: 'avatar' } })
  assert.equal(body.code, 'type-not-allowed')
  await choose(tab, { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('x') })
  await send(tab)
  const refused = entry(tab, 'note.txt', 'failed')
  await refused.waitFor()
  assert.ok((await refused.innerText()).includes(body.detail), body.detail)
  await tab.context().close()
})

test('names without an extension, or with an unknown one, are accepted', async () => {
  const tab = await open()
  const names = ['photo', 'scan.original']
  await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
  await send(tab)
  for (const name of names) assert.match(await entry(tab, name, 'accepted').innerText(), /image\/png, 254 bytes/)
  await tab.context().close()
})

test('a refusal by the API is shown with its reason', async () => {
  const tab = await open({}, '?class=strict')
  // The class allows no quotes in file names. Only the API checks this.
  await choose(tab, { name: 'a "quoted" name.png', mimeType: 'image/png', buffer: png })
  await send(tab)
  const refused = entry(tab, 'a "quoted" name.png', 'failed')
  await refused.waitFor()
  assert.match(await refused.innerText(), /file name/)
  await screenshot(tab, 'light-refused')
  await tab.context().close()
})

test('a large file shows its progress, can be paused and resumed', async () => {
  const tab = await open({ colorScheme: 'dark', viewport: { width: 1100, height: 900 } })
  const client = await tab.context().newCDPSession(tab)
  await client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 40_000_000 })
  await tab.evaluate(chooseLarge)
  await send(tab)
  await tab.waitForFunction(() => document.querySelector('#files progress')?.value > 0.1)
  await tab.getByRole('button', { name: 'Pause', exact: true }).click()
  await tab.getByRole('button', { name: 'Resume', exact: true }).waitFor()
  await entry(tab, 'log.txt', 'uploading').getByText('Paused').waitFor()
  await screenshot(tab, 'dark-paused')
  await tab.getByRole('button', { name: 'Resume', exact: true }).click()
  const done = entry(tab, 'log.txt', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /text\/plain, 112 MB/)
  await tab.context().close()
})

/** Drags a file over the page and drops it. Returns a function that deletes the file. */
async function drop(tab, target, name, content) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'))
  const file = join(folder, name)
  writeFileSync(file, content)
  const { x, y, width, height } = await tab.locator(target).boundingBox()
  const client = await tab.context().newCDPSession(tab)
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    const data = { items: [], files: [file], dragOperationsMask: 1 }
    await client.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data })
  }
  return () => rmSync(folder, { recursive: true })
}

test('a file that is dropped on the page is uploaded', async () => {
  const tab = await open()
  const deleteFile = await drop(tab, '.uppy-Dashboard-AddFiles', 'dropped 😀.png', png)
  await send(tab)
  const done = entry(tab, 'dropped 😀.png', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /image\/png, 254 bytes/)
  deleteFile()
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})

test('a file is chosen and uploaded, and its verdict reached, with the keyboard only', async () => {
  const tab = await open()
  const focus = async (name) => {
    for (let press = 0; press < 30; press++) {
      await tab.keyboard.press('Tab')
      const at = await tab.evaluate(() => document.activeElement.ariaLabel || document.activeElement.innerText)
      if (name.test(at ?? '')) return
    }
    assert.fail(`${name} cannot be reached with the Tab key`)
  }
  await tab.getByLabel('Upload class', { exact: true }).focus()
  await tab.keyboard.press('a')
  assert.equal(await tab.getByLabel('Upload class', { exact: true }).inputValue(), 'avatar')
  await tab.getByText('Files of class “avatar”').waitFor()
  // Right after the class is changed, the first key press sometimes opens no file dialog.
  const dialog = await eventually('the file dialog to open', async () => {
    await focus(/^browse files$/)
    const opened = tab.waitForEvent('filechooser', { timeout: 5000 }).catch(() => undefined)
    await tab.keyboard.press('Enter')
    return opened
  })
  await dialog.setFiles([{ name: 'keys.png', mimeType: 'image/png', buffer: png }])
  await tab.getByRole('button', { name: 'Upload 1 file' }).waitFor()
  await focus(/^Upload 1 file$/)
  await tab.keyboard.press('Enter')
  await entry(tab, 'keys.png', 'accepted').getByRole('link').waitFor()
  await tab.getByRole('log').getByText('keys.png was accepted.').waitFor({ state: 'attached' })
  await tab.getByRole('link', { name: 'Skip to the verdicts' }).focus()
  await tab.keyboard.press('Enter')
  await focus(/^Download keys.png$/)
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})

test('verdicts that arrive at the same time are all announced', async () => {
  const tab = await open()
  const names = ['one.png', 'two.png', 'three.png']
  await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
  // Holds the responses until all verdicts have been requested.
  let release
  const held = new Promise((done) => (release = done))
  const requested = new Set()
  await tab.route('**/uploads/*', async (route) => {
    requested.add(route.request().url())
    if (requested.size === names.length) release()
    await held
    await route.continue()
  })
  await send(tab)
  for (const name of names) await tab.getByRole('log').getByText(`${name} was accepted.`).waitFor({ state: 'attached' })
  const announcements = await tab.getByRole('log').locator('p').allInnerTexts()
  assert.deepEqual(announcements.toSorted(), names.map((name) => `${name} was accepted.`).toSorted())
  await tab.context().close()
})

test('after a reload during an upload, the file is shown and continues once it is chosen again', async () => {
  const tab = await open({ viewport: { width: 1100, height: 900 } })
  const traffic = recordTraffic(tab)
  const client = await tab.context().newCDPSession(tab)
  const limitUpload = (uploadThroughput) => client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
  await limitUpload(40_000_000)
  await tab.evaluate(chooseLarge)
  await send(tab)
  const classes = tab.getByLabel('Upload class', { exact: true })
  await eventually('some parts to be stored', () => traffic.storedParts().length > 2)
  await tab.getByRole('button', { name: 'Pause', exact: true }).click()
  await entry(tab, 'log.txt', 'uploading').getByText('Paused').waitFor()
  assert.ok(await classes.isDisabled(), 'changing the class would abort the uploads')
  await tab.getByText('You can change the class when no upload is running.').waitFor()
  assert.equal(await classes.evaluate((select) => document.getElementById(select.getAttribute('aria-describedby')).hidden), false)
  const before = { storedParts: traffic.storedParts(), startedCount: traffic.startedParts().length }
  await eventually('Golden Retriever to store the state', () => tab.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)))
      for (const store of database.objectStoreNames) {
        const all = await new Promise((done) => (database.transaction(store).objectStore(store).getAll().onsuccess = (event) => done(event.target.result)))
        if (JSON.stringify(all).includes('s3Multipart')) return true
      }
      database.close()
    }
    return JSON.stringify({ ...localStorage }).includes('s3Multipart')
  }))
  await tab.reload()
  const interrupted = entry(tab, 'log.txt', 'uploading')
  await interrupted.getByText('Interrupted').waitFor()
  await interrupted.getByText('Choose the same file again').waitFor()
  await screenshot(tab, 'light-reloaded')
  await limitUpload(-1)
  await tab.getByRole('button', { name: 'Re-select' }).click()
  await tab.locator('#dashboard input[type=file]').first().waitFor({ state: 'attached' })
  await tab.evaluate(chooseLarge)
  await send(tab)
  const done = entry(tab, 'log.txt', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /text\/plain, 112 MB/)
  assert.equal(await tab.locator('#files > li').count(), 1)
  assert.equal(traffic.listCalls(), 1)
  assert.deepEqual(traffic.startedParts().slice(before.startedCount).filter((part) => before.storedParts.includes(part)), [], 'stored parts are not uploaded again')
  assert.ok(await classes.isEnabled())
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})

test('the page has a skip link, a language, a live region and enough contrast', async () => {
  const tab = await open({ colorScheme: 'light' })
  await tab.keyboard.press('Tab')
  assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Skip to the verdicts')
  assert.equal(await tab.locator('html').getAttribute('lang'), 'en')
  assert.equal(await tab.locator('[aria-live]').first().count(), 1)
  for (const scheme of ['light', 'dark']) {
    await tab.emulateMedia({ colorScheme: scheme })
    for (const selector of ['body', 'header p', '#session', 'select']) {
      const ratio = await tab.locator(selector).first().evaluate(contrast)
      assert.ok(ratio >= 4.5, `${scheme} ${selector}: ${ratio.toFixed(1)}`)
    }
  }
  await tab.context().close()
})

/** Runs in the page: the WCAG contrast ratio of an element's text and its background. */
function contrast(element) {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map((n) => Number(n) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  let background = element
  while (background && getComputedStyle(background).backgroundColor === 'rgba(0, 0, 0, 0)') background = background.parentElement
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(getComputedStyle(background ?? document.documentElement).backgroundColor)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}
