// Files that are not taken, with both Uppys as they come: what the person reads, and that nothing of them stays.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { MB, add, alice, ask, bare, close, eventually, onFirstPart, openApi, openBucket, root, shown, stack, underway, upload } from './world.mjs'

after(close)

// What version 6 makes of any refusal of S3 in this mode.
const NETWORK = 'This looks like a network error, the endpoint might be blocked by an internet provider or a firewall.'

const bearer = { authorization: `Bearer ${alice.token}` }
const open = { token: undefined, api: openApi }
const own = { bucket: stack.bucket }

/** How clients reach a class that takes 5 MB, or 20 MB in the open, with what they say of a file that is larger. */
const ways = {
  'version 5': { version: 5, s3: { five: { endpoint: `${stack.apiUrl}/avatar`, headers: bearer } }, ...own, single: 'Non 2xx', parts: 'the file is above the maximum of 5 MB for this upload' },
  'version 6 as Companion': { version: 6, s3: { six: { companionEndpoint: `${openApi}/small` } }, who: open, bucket: openBucket, size: 21 * MB, single: NETWORK, parts: 'Companion request failed: Unprocessable Entity' },
  'version 6 with signRequest': { version: 6, s3: { six: { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token } } }, ...own, single: 'S3 returned 400 – EntityTooLarge', parts: 'the file is above the maximum of 5 MB for this upload' },
}

/** One error, which the file and the whole show as it is. */
async function read(tab, told, expected) {
  assert.deepEqual([told.successes.length, told.errors], [0, [expected]])
  const { all, file } = await shown(tab)
  assert.equal(file, expected)
  assert.ok(all.endsWith(expected), all)
}

async function nothingOf(id, { who = {}, bucket }) {
  await eventually('S3 to have forgotten', async () => (await underway(id, bucket)).length === 0)
  const { status, body } = await ask('GET', `/uploads/${id}`, who)
  assert.equal(status, 404, JSON.stringify(body))
  const { text } = await root('GET', bucket, { versions: '', prefix: '1/' })
  assert.doesNotMatch(text, new RegExp(`/${id}<`))
}

for (const [name, way] of Object.entries(ways)) {
  test(`a file over the limit, of a size that nobody told, in one request: ${name}`, async () => {
    const tab = await bare(way.version)
    await tab.evaluate((options) => void start(options), way.s3)
    await add(tab, { name: 'large.png', type: 'image/png', size: way.size ?? 5 * MB + 1 })
    const granted = tab.waitForResponse((response) => /\/s3\/(params|sign)$/.test(new URL(response.url()).pathname))
    const told = await upload(tab)
    await read(tab, told, way.single)
    const { fields } = await (await granted).json()
    await nothingOf(fields.key.split('/').pop(), way)
    await tab.context().close()
  })

  test(`a file over the limit, of a size that nobody told, in parts: ${name}`, async () => {
    const tab = await bare(way.version)
    await tab.evaluate((options) => void start(options), { ...way.s3, multipart: true })
    await add(tab, { name: 'large.png', type: 'image/png', size: way.size ? 30 * MB : 12 * MB })
    await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart')
    const told = await upload(tab)
    await read(tab, told, way.parts)
    await nothingOf(told.s3.uploadId, way)
    await tab.context().close()
  })
}

const OURS = '6 MB is above the maximum of 5 MB for this type'
const five = { endpoint: `${stack.apiUrl}/avatar`, headers: bearer }
const six = { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token, tell: ['size', 'type'] } }
const told = {
  'version 5': [5, { five }, stack.apiUrl, 6 * MB, OURS],
  // This one reads no body.
  'version 6 as Companion': [6, { six: { companionEndpoint: `${openApi}/small` } }, openApi, 21 * MB, 'Companion request failed: Unprocessable Entity'],
  'version 6 with signRequest': [6, { six }, stack.apiUrl, 6 * MB, OURS],
}
for (const [name, [version, options, api, size, words]] of Object.entries(told)) {
  for (const multipart of [false, true]) {
    test(`a file over the limit whose size was told is refused before a byte travels, ${multipart ? 'in parts' : 'in one request'}: ${name}`, async () => {
      const tab = await bare(version)
      await tab.evaluate((options) => void start(options), { ...options, multipart })
      await add(tab, { name: 'large.png', type: 'image/png', size, meta: { size } })
      const elsewhere = []
      tab.on('request', (request) => !request.url().startsWith(api) && elsewhere.push(request.url()))
      await read(tab, await upload(tab), words)
      assert.deepEqual(elsewhere, [])
      await tab.context().close()
    })
  }
}

test('what a class does not take is said when its creation is signed, as far as the page tells of the file', async () => {
  for (const [path, tell, expected] of [
    ['/giant', [], 'there is no class "giant"'],
    ['/avatar', ['type'], 'text/plain is not allowed in class "avatar"'],
    // Uppy itself says the type when it creates, and reads no more than the code of what it is answered.
    ['/avatar', [], 'S3 returned 422 – type-not-allowed'],
  ]) {
    const tab = await bare(6)
    const sign = { url: `${stack.apiUrl}${path}/s3/sign`, token: alice.token, tell }
    await tab.evaluate((options) => void start(options), { six: { sign }, multipart: true })
    await add(tab, { name: 'notes.txt', type: 'text/plain', size: 6 * MB })
    await read(tab, await upload(tab), expected)
    await tab.context().close()
  }
})
