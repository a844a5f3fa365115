// The demo page as a person sees it: light and dark, wide and narrow, with a keyboard; its pictures go to target/.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { PATIENCE, browser, close, eventually, page, png, program, screenshot, traffic } from './world.mjs'

after(close)

const readmePicture = join(import.meta.dirname, '../../docs/demo.png')
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
const looks = {
  'light-wide': { colorScheme: 'light', viewport: { width: 1100, height: 900 } },
  'dark-phone': { colorScheme: 'dark', ...phone },
}

async function open(options = {}, query = '') {
  const context = await (await browser()).newContext(options)
  const tab = await context.newPage()
  tab.setDefaultTimeout(PATIENCE)
  tab.problems = []
  tab.on('pageerror', (error) => tab.problems.push(error.message))
  await tab.goto(`${page}/${query}`)
  await tab.locator('.uppy-Dashboard-AddFiles').waitFor()
  return tab
}

/** Chooses files as a person does in the browser's own dialogue. */
const choose = (tab, ...files) => tab.locator('#dashboard input[type=file]').first().setInputFiles(files)
const send = (tab) => tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
const entry = (tab, name, state) => tab.locator(`#files > li[data-state=${state}]`, { has: tab.getByRole('heading', { name }) })

/** Runs in the page: chooses a file that is too large for the browser's dialogue to be handed over as bytes. */
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
  test(`an accepted and a rejected file, with their reasons: ${look}`, async () => {
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
    assert.match(await bad.innerText(), /Rejected[^]*It is a program\./)
    assert.equal(await bad.getByRole('link').count(), 0)
    // The name that it is saved under is S3's to say, and the emulator's silence (`cargo xtask verify` asks AWS).
    const content = await fetch(await good.getByRole('link', { name: 'Download holiday' }).getAttribute('href'))
    assert.deepEqual(Buffer.from(await content.arrayBuffer()), png)
    await screenshot(tab, `${look}-3-verdicts`)
    // The README's picture: `UPDATE_SCREENSHOT=1 cargo xtask test browser` writes it.
    if (process.env.UPDATE_SCREENSHOT && look === 'light-wide') await tab.screenshot({ path: readmePicture, fullPage: true })
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(wide <= 0, `nothing sticks out: ${wide}`)
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })
}

test('the limits of a class are shown, and a file beyond them is refused before it travels', async () => {
  const tab = await open({}, '?class=avatar')
  assert.equal(await tab.getByLabel('Kind of upload', { exact: true }).inputValue(), 'avatar')
  await tab.getByText('What may be uploaded').click()
  assert.match(await tab.locator('#limits').innerText(), /\.png, \.jpg, \.jpeg, \.webp\s+1 byte\s+5 MB/)
  await choose(tab, { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5_000_001) })
  await tab.getByText('large.png is 5,000,001 bytes. Files of this kind may have at most 5,000,000 bytes.').first().waitFor()
  await screenshot(tab, 'light-too-large')
  await choose(tab, { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) })
  await tab.getByText(/smaller than the allowed size|is empty/).first().waitFor()
  await choose(tab, { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('x') })
  await tab.getByText(/You can only upload/).first().waitFor()
  assert.equal(await tab.locator('#files > li').count(), 0)
  await tab.context().close()
})

test('what only the server finds wrong is refused with a sentence', async () => {
  const tab = await open({}, '?class=strict')
  // The class takes no quotes in names, which no page needs to know.
  await choose(tab, { name: 'a "quoted" name.png', mimeType: 'image/png', buffer: png })
  await send(tab)
  const refused = entry(tab, 'a "quoted" name.png', 'failed')
  await refused.waitFor()
  assert.match(await refused.innerText(), /this file name/)
  await screenshot(tab, 'light-refused')
  await tab.context().close()
})

test('a large file shows its progress, is paused, and goes on', async () => {
  const tab = await open({ colorScheme: 'dark', viewport: { width: 1100, height: 900 } })
  const client = await tab.context().newCDPSession(tab)
  await client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 40_000_000 })
  await tab.evaluate(chooseLarge)
  await send(tab)
  await tab.waitForFunction(() => document.querySelector('#files progress')?.value > 0.1)
  await tab.getByRole('button', { name: 'Pause', exact: true }).click()
  await tab.getByRole('button', { name: 'Resume', exact: true }).waitFor()
  await entry(tab, 'log.txt', 'travelling').getByText('Paused').waitFor()
  await screenshot(tab, 'dark-paused')
  await tab.getByRole('button', { name: 'Resume', exact: true }).click()
  const done = entry(tab, 'log.txt', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /text\/plain, 112 MB/)
  await tab.context().close()
})

/** A file that the browser drags over the page and drops, as a person's hand does. */
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
  const clear = await drop(tab, '.uppy-Dashboard-AddFiles', 'dropped 😀.png', png)
  await send(tab)
  const done = entry(tab, 'dropped 😀.png', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /image\/png, 254 bytes/)
  clear()
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})

test('without a mouse a file is chosen, uploaded, and its verdict reached', async () => {
  const tab = await open()
  const focus = async (name) => {
    for (let press = 0; press < 30; press++) {
      await tab.keyboard.press('Tab')
      const at = await tab.evaluate(() => document.activeElement.ariaLabel || document.activeElement.innerText)
      if (name.test(at ?? '')) return
    }
    assert.fail(`${name} is not reached`)
  }
  await tab.getByLabel('Kind of upload', { exact: true }).focus()
  await tab.keyboard.press('a')
  assert.equal(await tab.getByLabel('Kind of upload', { exact: true }).inputValue(), 'avatar')
  await tab.getByText('Files for “avatar”').waitFor()
  // Seen now and then, right after the kind was changed: the first press opens nothing. Whoever sees that presses again.
  const dialogue = await eventually('the browser to ask for a file', async () => {
    await focus(/^browse files$/)
    const asked = tab.waitForEvent('filechooser', { timeout: 5000 }).catch(() => undefined)
    await tab.keyboard.press('Enter')
    return asked
  })
  await dialogue.setFiles([{ name: 'keys.png', mimeType: 'image/png', buffer: png }])
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

test('two verdicts at once are both said', async () => {
  const tab = await open()
  const names = ['one.png', 'two.png', 'three.png']
  await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
  // All verdicts come in one moment.
  let release
  const held = new Promise((done) => (release = done))
  const asked = new Set()
  await tab.route('**/uploads/*', async (route) => {
    asked.add(route.request().url())
    if (asked.size === names.length) release()
    await held
    await route.continue()
  })
  await send(tab)
  for (const name of names) await tab.getByRole('log').getByText(`${name} was accepted.`).waitFor({ state: 'attached' })
  const news = await tab.getByRole('log').locator('p').allInnerTexts()
  assert.deepEqual(news.toSorted(), names.map((name) => `${name} was accepted.`).toSorted())
  await tab.context().close()
})

test('the page is reloaded in the middle: the file is shown, and goes on once it is chosen again', async () => {
  const tab = await open({ viewport: { width: 1100, height: 900 } })
  const seen = traffic(tab)
  const client = await tab.context().newCDPSession(tab)
  const slow = (uploadThroughput) => client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
  await slow(40_000_000)
  await tab.evaluate(chooseLarge)
  await send(tab)
  const kind = tab.getByLabel('Kind of upload', { exact: true })
  await eventually('some parts to have arrived', () => seen.stored().length > 2)
  await tab.getByRole('button', { name: 'Pause', exact: true }).click()
  await entry(tab, 'log.txt', 'travelling').getByText('Paused').waitFor()
  assert.ok(await kind.isDisabled(), 'its uploads would be given up')
  await tab.getByText('It can be changed when no file is on its way.').waitFor()
  assert.equal(await kind.evaluate((select) => document.getElementById(select.getAttribute('aria-describedby')).hidden), false)
  const before = { stored: seen.stored(), begun: seen.begun().length }
  await eventually('Golden Retriever to have written it down', () => tab.evaluate(async () => {
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
  const interrupted = entry(tab, 'log.txt', 'travelling')
  await interrupted.getByText('Interrupted').waitFor()
  await interrupted.getByText('Choose the same file again').waitFor()
  await screenshot(tab, 'light-reloaded')
  await slow(-1)
  await tab.getByRole('button', { name: 'Re-select' }).click()
  await tab.locator('#dashboard input[type=file]').first().waitFor({ state: 'attached' })
  await tab.evaluate(chooseLarge)
  await send(tab)
  const done = entry(tab, 'log.txt', 'accepted')
  await done.waitFor()
  assert.match(await done.innerText(), /text\/plain, 112 MB/)
  assert.equal(await tab.locator('#files > li').count(), 1)
  assert.equal(seen.lists(), 1)
  assert.deepEqual(seen.begun().slice(before.begun).filter((part) => before.stored.includes(part)), [], 'what has arrived is not sent again')
  assert.ok(await kind.isEnabled())
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})

test('everything can be reached and read', async () => {
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

/** Runs in the page: WCAG's contrast of an element's text against what is behind it. */
function contrast(element) {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map((n) => Number(n) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  let behind = element
  while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
  const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(behind ?? document.documentElement).backgroundColor)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}
