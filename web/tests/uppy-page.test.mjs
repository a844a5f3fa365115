// The demo page with Uppy in place of our client: `?uppy`.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { bigFile, card, choose, demo, drop, signedUrl } from './demo.mjs'
import { callApi, close, eventually, png, program, recordTraffic, screenshot, together } from './fixture.mjs'

after(close)

const open = (options = {}, query = '') => demo(options, `?uppy${query.replace('?', '&')}`)
const send = (tab) => tab.getByRole('button', { name: /^Upload \d+ file/ }).click()

together('the page with Uppy', () => {
  test('an accepted and a rejected file are shown with their reasons', async () => {
    const tab = await open()
    await choose(
      tab,
      { name: 'holiday 😀 "quoted".png', mimeType: 'image/png', buffer: png },
      { name: 'picture.png', mimeType: 'image/png', buffer: program },
    )
    await send(tab)
    const good = card(tab, 'holiday 😀 "quoted".png', 'accepted')
    await good.waitFor()
    assert.match(await good.innerText(), /Accepted\. A PNG picture, 254 bytes/)
    const bad = card(tab, 'picture.png', 'rejected')
    await bad.waitFor()
    assert.match(await bad.innerText(), /Rejected\. This is a Windows program\./)
    // The emulator does not return the download's file name. `cargo xtask verify` checks it on AWS.
    const content = await fetch(await signedUrl(good.getByRole('link', { name: 'Download holiday' })))
    assert.deepEqual(Buffer.from(await content.arrayBuffer()), png)
    await screenshot(tab, 'uppy-verdicts')
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('the page shows the limits of a class and refuses a file beyond them before the upload', async () => {
    const tab = await open({}, '?class=avatar')
    assert.equal(await tab.getByLabel('Upload class', { exact: true }).inputValue(), 'avatar')
    await choose(tab, { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(5_000_001) })
    await tab.getByText(/large\.png.*5000001 bytes.*5000000 bytes/).first().waitFor()
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
    const refused = card(tab, 'note.txt', 'failed')
    await refused.waitFor()
    assert.ok((await refused.innerText()).includes(body.detail), body.detail)
    await tab.context().close()
  })

  test('names without an extension, or with an unknown one, are accepted', async () => {
    const tab = await open()
    const names = ['photo', 'scan.original']
    await choose(tab, ...names.map((name) => ({ name, mimeType: 'image/png', buffer: png })))
    await send(tab)
    for (const name of names) assert.match(await card(tab, name, 'accepted').innerText(), /A PNG picture, 254 bytes/)
    await tab.context().close()
  })

  test('a file that is dropped on the page is uploaded', async () => {
    const tab = await open()
    const folder = mkdtempSync(join(tmpdir(), 'sluice-'))
    writeFileSync(join(folder, 'dropped 😀.png'), png)
    await drop(tab, '.uppy-Dashboard-AddFiles', join(folder, 'dropped 😀.png'))
    await send(tab)
    const done = card(tab, 'dropped 😀.png', 'accepted')
    await done.waitFor()
    assert.match(await done.innerText(), /A PNG picture, 254 bytes/)
    rmSync(folder, { recursive: true })
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
    await card(tab, 'keys.png', 'accepted').getByRole('link').waitFor()
    await tab.getByRole('log').getByText('keys.png was accepted.').waitFor({ state: 'attached' })
    await tab.getByRole('link', { name: 'Skip to the verdicts' }).focus()
    await tab.keyboard.press('Enter')
    await focus(/^Download keys.png$/)
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })

  test('after a reload during an upload, the file is shown and continues once it is chosen again', async () => {
    const tab = await open({ viewport: { width: 1100, height: 900 } })
    const traffic = recordTraffic(tab)
    const client = await tab.context().newCDPSession(tab)
    const limitUpload = (uploadThroughput) => client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
    await limitUpload(40_000_000)
    await tab.evaluate(bigFile)
    await send(tab)
    const classes = tab.getByLabel('Upload class', { exact: true })
    await tab.waitForFunction(() => document.querySelector('#files progress')?.value > 0.05)
    await eventually('some parts to be stored', () => traffic.storedParts().length > 2)
    await tab.getByRole('button', { name: 'Pause', exact: true }).click()
    await card(tab, 'log.txt', 'uploading').getByText('Paused').waitFor()
    await tab.getByRole('button', { name: 'Resume', exact: true }).click()
    await card(tab, 'log.txt', 'uploading').getByText('Uploading').waitFor()
    await tab.getByRole('button', { name: 'Pause', exact: true }).click()
    await card(tab, 'log.txt', 'uploading').getByText('Paused').waitFor()
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
    const interrupted = card(tab, 'log.txt', 'interrupted')
    await interrupted.getByText('Interrupted').waitFor()
    await interrupted.getByText('Choose the same file again').waitFor()
    await screenshot(tab, 'light-reloaded')
    await limitUpload(-1)
    await tab.getByRole('button', { name: 'Re-select' }).click()
    await tab.locator('#dashboard input[type=file]').first().waitFor({ state: 'attached' })
    await tab.evaluate(bigFile)
    await send(tab)
    const done = card(tab, 'log.txt', 'accepted')
    await done.waitFor()
    assert.match(await done.innerText(), /Accepted\. .*, 112 MB/)
    assert.equal(await tab.locator('#files > li').count(), 1)
    assert.equal(traffic.listCalls(), 1)
    assert.deepEqual(traffic.startedParts().slice(before.startedCount).filter((part) => before.storedParts.includes(part)), [], 'stored parts are not uploaded again')
    assert.ok(await classes.isEnabled())
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })
})
