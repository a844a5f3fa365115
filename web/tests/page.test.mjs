// The demo page as a person sees it: light and dark, wide and narrow, with a keyboard; its pictures go to target/.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { PATIENCE, browser, close, page, png, program, screenshot } from './world.mjs'

after(close)

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
  assert.match(await refused.innerText(), /does not take this file name/)
  await screenshot(tab, 'light-refused')
  await tab.context().close()
})

test('a large file shows its progress, is paused, and goes on', async () => {
  const tab = await open({ colorScheme: 'dark', viewport: { width: 1100, height: 900 } })
  const client = await tab.context().newCDPSession(tab)
  await client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 40_000_000 })
  // Too large for the browser's dialogue to be handed over as bytes.
  await tab.evaluate(async () => {
    const line = 'The gate decides what may pass and never carries the water.\n'.repeat(17)
    const file = new File(Array(110_000).fill(line), 'log.txt', { type: 'text/plain' })
    const transfer = new DataTransfer()
    transfer.items.add(file)
    const input = document.querySelector('#dashboard input[type=file]')
    input.files = transfer.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
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
