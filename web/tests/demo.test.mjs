// The demo page with our client: in light and dark, on wide and narrow screens, with a keyboard, for a screen reader.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { axe, bigFile, card, choose, demo, drop, signedUrl } from './demo.mjs'
import { bob, callApi, close, eventually, png, program, recordTraffic, screenshot, together } from './fixture.mjs'

after(close)

/** The record of an upload of Alice by its file name; other tests upload at the same time. */
const recordOf = async (name) => (await callApi('GET', '/uploads?limit=50')).body.items.find(({ filename }) => filename === name)

const readmeScreenshot = join(import.meta.dirname, '../../docs/demo.png')
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
const looks = {
  'light-wide': { colorScheme: 'light', viewport: { width: 1100, height: 900 } },
  'dark-phone': { colorScheme: 'dark', ...phone },
}

/** Runs in the page: whether a card with a verdict is in view. */
const verdictInView = () =>
  [...document.querySelectorAll('#files > li:not([data-state=uploading])')].some((item) => item.getBoundingClientRect().top >= 0 && item.getBoundingClientRect().bottom <= innerHeight)

const isReddish = (colour) => {
  const [red, green] = colour.match(/\d+/g).map(Number)
  return red > green
}

/** The part of the page that has something on it. */
async function clipOf(tab) {
  await tab.evaluate(() => scrollTo(0, 0))
  const { x, y, width, height } = await tab.locator('body').boundingBox()
  return { x: Math.max(0, x - 24), y, width: width + 48, height }
}

/** Slows the uploads of a page down, in bytes a second. */
async function limitUpload(tab, uploadThroughput) {
  tab.network ??= await tab.context().newCDPSession(tab)
  await tab.network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
}

together('the page with our client', () => {
  for (const [look, options] of Object.entries(looks)) {
    test(`the three files to try are accepted, rejected and refused, each with one line and without a finding of axe: ${look}`, async () => {
      const tab = await demo(options)
      await screenshot(tab, `${look}-1-empty`)
      await axe(tab)
      const sizes = []
      tab.on('request', (request) => request.method() === 'PUT' && sizes.push(Number(request.headers()['content-length'] ?? request.postDataBuffer()?.length ?? 0)))
      for (const name of ['A file that is too large', 'A program named .png', 'A picture']) await tab.getByRole('button', { name }).click()
      const [good, bad, large] = [card(tab, 'sunset.png', 'accepted'), card(tab, 'invoice.png', 'rejected'), card(tab, 'poster.png', 'failed')]
      await Promise.all([good, bad, large].map((one) => one.waitFor()))
      assert.match(await good.locator('.state').innerText(), /^Accepted\. A PNG picture, [\d.]+ KB\.$/)
      assert.match(await bad.locator('.state').innerText(), /^Rejected\. This is a Windows program\. Choose another file\.$/)
      assert.match(await large.locator('.state').innerText(), /^Not uploaded\. The file has .*\. The maximum is .*\. Choose another file\.$/)
      assert.equal(sizes.length, 2, 'nothing of the large file was sent')
      assert.equal(await tab.locator('#summary').innerText(), '1 accepted, 1 rejected, 1 not uploaded')
      // The picture itself is the mark of an accepted picture.
      await tab.waitForFunction((image) => image.complete && image.naturalWidth === 320, await good.locator('.mark img').elementHandle())
      for (const wrong of [bad, large]) {
        const { mark, colour } = await wrong.locator('.mark').evaluate((element) => ({ mark: getComputedStyle(element, '::before').content, colour: getComputedStyle(element).color }))
        assert.doesNotMatch(mark, /✓|2713/)
        assert.ok(isReddish(colour), colour)
        assert.equal(await wrong.getByRole('link').count(), 0)
      }
      const content = await fetch(await signedUrl(good.getByRole('link', { name: 'Download sunset.png' })))
      assert.equal(Buffer.from(await content.arrayBuffer()).subarray(1, 4).toString(), 'PNG')
      await eventually('a verdict in view', () => tab.evaluate(verdictInView))
      await axe(tab)
      await screenshot(tab, `${look}-2-verdicts`)
      // The screenshot of the README: `UPDATE_SCREENSHOT=1 cargo xtask test browser` writes it.
      if (process.env.UPDATE_SCREENSHOT && look === 'light-wide') {
        await tab.locator('#earlier').evaluate((section) => section.remove())
        await tab.locator('footer').evaluate((section) => section.remove())
        await tab.screenshot({ path: readmeScreenshot, fullPage: false, clip: await clipOf(tab) })
      }
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(overflow <= 0, `the page is ${overflow} px wider than the screen`)
      assert.deepEqual(tab.problems, [])
      await tab.context().close()
    })
  }

  test('the page shows the limits of a class, and the client refuses a file beyond them with the words of the API', async () => {
    const tab = await demo({}, '?class=avatar')
    assert.equal(await tab.getByLabel('Upload class', { exact: true }).inputValue(), 'avatar')
    assert.equal(await tab.locator('#note').innerText(), 'Up to 5 MB each.')
    await tab.getByText('Allowed files').click()
    assert.match(await tab.locator('#limits').innerText(), /\.png, \.jpg, \.jpeg, \.webp\s+1 byte\s+5 MB/)
    const requests = []
    tab.on('request', (request) => request.method() !== 'GET' && requests.push(request.url()))
    const { body } = await callApi('POST', '/uploads', { body: { filename: 'note.txt', contentType: 'text/plain', size: 1, class: 'avatar' } })
    assert.equal(body.code, 'type-not-allowed')
    await choose(
      tab,
      { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5_000_001) },
      { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) },
      { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('x') },
    )
    for (const [name, sentence] of [['large.png', /5000001 bytes.*5000000 bytes/], ['empty.png', /empty/], ['note.txt', /./]]) {
      await card(tab, name, 'failed').waitFor()
      assert.match(await card(tab, name, 'failed').locator('.state').innerText(), sentence)
    }
    assert.ok((await card(tab, 'note.txt', 'failed').innerText()).includes('Choose one of these: png, jpg, jpeg, webp.'))
    assert.deepEqual(requests, [])
    await tab.context().close()
  })

  test('names without an extension are accepted, and a refusal that only the API knows is shown', async () => {
    const tab = await demo()
    const names = ['photo', 'scan.original']
    await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
    for (const name of names) assert.match(await card(tab, name, 'accepted').locator('.state').innerText(), /A PNG picture, 254 bytes/)
    await tab.getByLabel('Upload class', { exact: true }).selectOption('strict')
    // The class allows no quotes in file names.
    await choose(tab, { name: 'a "quoted" name.png', mimeType: 'image/png', buffer: png })
    const refused = card(tab, 'a "quoted" name.png', 'failed')
    await refused.waitFor()
    assert.match(await refused.innerText(), /file name/)
    assert.equal(await refused.getByRole('button', { name: 'Try' }).count(), 0, 'trying again cannot help')
    await tab.context().close()
  })

  test('a large file can be paused, resumed after a reload, and no part is sent twice; a small one cannot be paused', async () => {
    const tab = await demo({ viewport: { width: 1100, height: 900 } })
    const traffic = recordTraffic(tab)
    await limitUpload(tab, 15_000_000)
    await tab.evaluate(bigFile)
    const uploading = card(tab, 'log.txt', 'uploading')
    await eventually('some parts to be stored', () => traffic.storedParts().length > 2)
    await uploading.getByRole('button', { name: 'Pause log.txt' }).click()
    await uploading.getByText('Paused.').waitFor()
    await eventually('open requests to end', traffic.idle)
    const paused = traffic.count()
    await tab.waitForTimeout(500)
    assert.equal(traffic.count(), paused, 'a paused upload is silent')
    await axe(tab)
    await screenshot(tab, 'light-paused')
    await uploading.getByRole('button', { name: 'Resume log.txt' }).click()
    await uploading.getByRole('button', { name: 'Pause log.txt' }).click()
    await eventually('open requests to end', traffic.idle)
    const before = { storedParts: traffic.storedParts(), startedCount: traffic.startedParts().length }
    tab.on('dialog', (dialog) => dialog.accept())
    await tab.reload()
    const interrupted = card(tab, 'log.txt', 'interrupted')
    await interrupted.getByText('Choose the same file again to upload the rest.').waitFor()
    await screenshot(tab, 'light-reloaded')
    await limitUpload(tab, -1)
    await tab.evaluate(bigFile)
    const done = card(tab, 'log.txt', 'accepted')
    await done.waitFor()
    assert.match(await done.innerText(), /Accepted\. .*text.*, 112 MB/i)
    assert.equal(await tab.locator('#files > li').count(), 1)
    assert.deepEqual(traffic.startedParts().slice(before.startedCount).filter((part) => before.storedParts.includes(part)), [], 'stored parts are not uploaded again')
    // A file in one request would start from zero.
    await limitUpload(tab, 100_000)
    await choose(tab, { name: 'small.txt', mimeType: 'text/plain', buffer: Buffer.alloc(400_000, 'text ') })
    const small = card(tab, 'small.txt', 'uploading')
    await small.getByText('Uploading.').waitFor()
    assert.deepEqual(await small.getByRole('button').allInnerTexts(), ['Cancel'])
    await small.getByRole('button', { name: 'Cancel small.txt' }).click()
    await small.waitFor({ state: 'detached' })
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('a file is chosen with the keyboard or dropped, its verdict announced and reached, and its upload deleted', async () => {
    const tab = await demo()
    const pressTo = async (name, key = 'Tab') => {
      for (let press = 0; press < 30; press++) {
        await tab.keyboard.press(key)
        const at = await tab.evaluate(() => document.activeElement.ariaLabel || document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText)
        if (name.test(at ?? '')) return
      }
      assert.fail(`${name} cannot be reached with ${key}`)
    }
    await tab.keyboard.press('Tab')
    assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Skip to the verdicts')
    // The first key press on a new page sometimes opens no file dialog.
    const dialog = await eventually('the file dialog to open', async () => {
      await pressTo(/^Choose files$/)
      const opened = tab.waitForEvent('filechooser', { timeout: 3000 }).catch(() => undefined)
      await tab.keyboard.press('Enter')
      return opened
    })
    await dialog.setFiles([{ name: 'keys.png', mimeType: 'image/png', buffer: png }])
    await card(tab, 'keys.png', 'accepted').waitFor()
    await tab.getByRole('log').getByText('keys.png was accepted.').waitFor({ state: 'attached' })
    await pressTo(/^Download keys.png$/)
    const { id } = await recordOf('keys.png')
    await pressTo(/^Delete keys.png$/)
    await tab.keyboard.press('Enter')
    assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Delete permanently?')
    assert.equal((await callApi('GET', `/uploads/${id}`)).status, 200, 'the first press deletes nothing')
    await tab.keyboard.press('Enter')
    await card(tab, 'keys.png', 'accepted').waitFor({ state: 'detached' })
    assert.equal((await callApi('GET', `/uploads/${id}`)).body.code, 'deleted')
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'verdicts', 'the focus stays near')
    const folder = mkdtempSync(join(tmpdir(), 'sluice-'))
    writeFileSync(join(folder, 'dropped 😀.png'), png)
    await drop(tab, '#drop', join(folder, 'dropped 😀.png'))
    await card(tab, 'dropped 😀.png', 'accepted').waitFor()
    rmSync(folder, { recursive: true })
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('verdicts that arrive at the same time are all announced, and the first is in view', async () => {
    const tab = await demo({ viewport: { width: 800, height: 500 } })
    const names = ['one.png', 'two.png', 'three.png', 'four.png']
    await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
    for (const name of names) await tab.getByRole('log').getByText(`${name} was accepted.`).waitFor({ state: 'attached' })
    const announcements = await tab.getByRole('log').locator('p').allInnerTexts()
    assert.deepEqual(announcements.toSorted(), names.map((name) => `${name} was accepted.`).toSorted())
    await eventually('a verdict in view', () => tab.evaluate(verdictInView))
    await tab.context().close()
  })

  test('many files share a card with counts; those with a problem have cards of their own', async () => {
    const tab = await demo(looks['dark-phone'])
    const files = Array.from({ length: 30 }, (_, index) => ({ name: `photo-${index}.png`, mimeType: 'image/png', buffer: index === 7 ? program : png }))
    files.push({ name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) })
    await choose(tab, ...files)
    const whole = card(tab, '31 files', 'failed')
    await whole.waitFor()
    assert.match(await whole.locator('.state').innerText(), /^Done, with problems\. 29 accepted, 1 rejected, 1 not uploaded\.$/)
    assert.equal(await tab.locator('#files > li').count(), 3)
    await card(tab, 'photo-7.png', 'rejected').waitFor()
    await card(tab, 'empty.png', 'failed').waitFor()
    await axe(tab)
    await screenshot(tab, 'dark-phone-many')
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('earlier uploads are listed with pictures, more on request, and can be deleted', async () => {
    const session = { name: 'bob', token: bob.token }
    const first = await demo({ session })
    for (let at = 0; at < 12; at += 1) await choose(first, { name: `earlier-${at}.png`, mimeType: 'image/png', buffer: png })
    await eventually('all verdicts', async () => (await first.locator('#files > li[data-state=accepted]').count()) === 12)
    await first.context().close()
    const tab = await demo({ session, colorScheme: 'dark' })
    const rows = tab.locator('#earlier-files > li')
    await eventually('ten rows', async () => (await rows.count()) === 10)
    await tab.waitForFunction(() => [...document.querySelectorAll('#earlier-files img')].some((image) => image.naturalWidth > 0))
    await axe(tab)
    await screenshot(tab, 'dark-earlier')
    await tab.getByRole('button', { name: 'Show more' }).click()
    await eventually('twelve rows', async () => (await rows.count()) >= 12)
    const name = await rows.first().getByRole('heading').innerText()
    const count = await rows.count()
    await rows.first().getByRole('button', { name: `Delete ${name}` }).click()
    await rows.first().getByRole('button', { name: 'Press again' }).click()
    await tab.getByRole('log').getByText(`${name} was deleted.`).waitFor({ state: 'attached' })
    assert.equal(await rows.count(), count - 1)
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('an upload that is listed after its deletion is left out, and nothing is said of it', async () => {
    const tab = await demo()
    await choose(tab, { name: 'stale.png', mimeType: 'image/png', buffer: png })
    await card(tab, 'stale.png', 'accepted').waitFor()
    const record = await recordOf('stale.png')
    assert.equal((await callApi('DELETE', `/uploads/${record.id}`)).status, 200)
    const list = { headers: { 'access-control-allow-origin': '*' }, json: { items: [record] } }
    await tab.route(/\/uploads\?limit=/, (route) => route.fulfill(list))
    const asked = tab.waitForResponse((response) => response.url().endsWith(`/uploads/${record.id}/content`) && response.status() === 404)
    await tab.reload()
    await asked
    await eventually('an empty list', async () => (await tab.locator('#earlier-files > li').count()) === 0)
    assert.deepEqual(await tab.getByRole('log').locator('p').allInnerTexts(), [])
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('the page shows that the application was told, once the receiver has the event', async () => {
    const tab = await demo()
    let deliveries = []
    await tab.route('**/webhooks.json', (route) => route.fulfill({ json: deliveries }))
    await choose(tab, { name: 'told.png', mimeType: 'image/png', buffer: png })
    await card(tab, 'told.png', 'accepted').waitFor()
    assert.equal(await tab.locator('.told:visible').count(), 0)
    const { id } = await recordOf('told.png')
    // A delivery that could not be verified has no id.
    deliveries = [{ id: null, type: null, verified: false }, { id, type: 'upload.accepted', verified: true }]
    await card(tab, 'told.png', 'accepted').getByText('Your application was told.').waitFor()
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('the real receiver tells the page', async () => {
    const tab = await demo()
    await choose(tab, { name: 'real.png', mimeType: 'image/png', buffer: png })
    await card(tab, 'real.png', 'accepted').getByText('Your application was told.').waitFor()
    await tab.context().close()
  })

  test('the page has a language, live regions and enough contrast, and its words are those of the catalogue', async () => {
    const tab = await demo()
    assert.equal(await tab.locator('html').getAttribute('lang'), 'en')
    assert.ok((await tab.locator('[aria-live], [role=status]').count()) >= 2)
    const { reasons } = JSON.parse(readFileSync(join(import.meta.dirname, '../../shared/policy/words/en.json'), 'utf8'))
    await choose(tab, { name: 'b.png', mimeType: 'image/png', buffer: Buffer.from('nothing of a picture') })
    await card(tab, 'b.png', 'rejected').waitFor()
    const [reason] = (await recordOf('b.png')).reasons
    assert.ok(reasons[reason.code])
    assert.ok((await card(tab, 'b.png', 'rejected').innerText()).includes(reason.detail))
    await tab.context().close()
  })
})
