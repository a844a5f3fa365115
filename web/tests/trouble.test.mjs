// What S3 and we answer in bad moments, and what both Uppys make of it: by themselves, and after a press on retry.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { PART, accepted, page, retried, ways } from './parts.mjs'
import { add, alice, bare, close, onFirstPart, openApi, page as origin, png, stack, traffic, underway, upload, verdict } from './world.mjs'

after(close)

const NETWORK = 'This looks like a network error, the endpoint might be blocked by an internet provider or a firewall.'

/** An answer in place of S3's or ours, once. */
async function once(tab, url, wanted, answer) {
  let given = 0
  await tab.route(url, async (route) => {
    const request = route.request()
    if (given > 0 || request.method() === 'OPTIONS' || !wanted(request)) return route.fallback()
    given += 1
    await route.fulfill({ headers: { 'access-control-allow-origin': origin }, ...answer })
  })
  return () => given
}

const s3 = (status, code) => ({ status, contentType: 'application/xml', body: `<Error><Code>${code}</Code><Message>m</Message></Error>` })
const second = /[?&]partNumber=2(&|$)/

/** S3's answer to a part; and by version, whether the file goes on by itself. */
const answers = {
  '429 SlowDown': [s3(429, 'SlowDown'), { 5: true, 6: true }],
  '503 SlowDown': [s3(503, 'SlowDown'), { 5: true, 6: true }],
  '400 ExpiredToken': [s3(400, 'ExpiredToken'), { 5: true, 6: false }],
  '403 AccessDenied': [s3(403, 'AccessDenied'), { 5: false, 6: false }],
}

for (const [name, way] of Object.entries(ways)) {
  for (const [what, [answer, alone]] of Object.entries(answers)) {
    test(`S3 answers a part with ${what}: ${name}`, async () => {
      const size = PART + 1
      const tab = await page(way, size)
      const seen = traffic(tab)
      const given = await once(tab, second, () => true, answer)
      const told = await upload(tab)
      assert.equal(given(), 1)
      if (alone[way.version]) return accepted(tab, told, way, size)
      const [status, code] = what.split(' ')
      const words = { 'version 5 with a bearer token': 'Non 2xx', 'version 6 as Companion, open': NETWORK, 'version 6 with signRequest': `S3 returned ${status} – ${code}` }
      assert.deepEqual([told.successes.length, told.errors], [0, [words[name]]])
      await retried(tab)
      // Version 6 lists and sends what is missing; version 5 has given it up, and begins anew.
      if (way.version === 6) assert.deepEqual([seen.lists(), seen.stored().length], [1, 2])
      await accepted(tab, await tab.evaluate(() => globalThis.told), way, size)
    })
  }

  test(`signing a part fails once: ${name}`, async () => {
    const size = PART + 1
    const tab = await page(way, size)
    const seen = traffic(tab)
    const wanted = (request) => new URL(request.url()).pathname.endsWith('/2') || request.postDataJSON()?.partNumber === 2
    const given = await once(tab, /\/s3\/(multipart|sign)/, wanted, { status: 503, json: { code: 'unavailable', error: 'unavailable', message: 'try again' } })
    const told = await upload(tab)
    assert.equal(given(), 1)
    // Version 5 asks again by itself; version 6 after a press on retry.
    assert.equal(told.successes.length, way.version === 5 ? 1 : 0, JSON.stringify(told.errors))
    await retried(tab)
    assert.deepEqual([seen.lists(), seen.stored().length], [way.version === 5 ? 0 : 1, 2], 'no byte is sent twice')
    await accepted(tab, await tab.evaluate(() => globalThis.told), way, size)
  })
}

const single = {
  'version 5': [5, { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, {}],
  'version 6 as Companion': [6, { six: { companionEndpoint: openApi } }, { token: undefined, api: openApi }],
  'version 6 with signRequest': [6, { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, {}],
}
for (const [name, [version, options, who]] of Object.entries(single)) {
  test(`S3 answers a file in one request with 503: ${name}`, async () => {
    const tab = await bare(version)
    await tab.evaluate((options) => void start(options), options)
    await add(tab, { name: 'a.png', type: 'image/png', content: png })
    const form = (request) => request.method() === 'POST' && request.headers()['content-type']?.startsWith('multipart/form-data')
    const given = await once(tab, '**/*', form, s3(503, 'SlowDown'))
    const told = await upload(tab)
    assert.equal(given(), 1)
    // Version 5 never tries a single upload again; a retry asks for a new grant, so it has another key.
    if (version === 5) assert.deepEqual([told.successes.length, told.errors], [0, ['Non 2xx']])
    else assert.deepEqual([told.successes.length, told.errors], [1, []])
    await retried(tab)
    assert.equal((await verdict(await tab.evaluate(() => globalThis.told), who)).status, 'accepted')
    await tab.context().close()
  })
}

for (const [name, way] of Object.entries(ways).filter(([, { version }]) => version === 6)) {
  test(`the plugin is taken away in the middle, and gives its uploads up: ${name}`, async () => {
    const tab = await page(way, 4 * PART)
    await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
    await tab.evaluate(() => void uppy.upload().catch(() => {}))
    const { uploadId } = await (await tab.waitForFunction(() => told.s3)).jsonValue()
    assert.equal((await underway(uploadId, way.bucket)).length, 1)
    const deleted = tab.waitForResponse((response) => response.request().method() === 'DELETE')
    await tab.evaluate(() => uppy.removePlugin(uppy.getPlugin('AwsS3')))
    assert.equal((await deleted).status(), 200)
    assert.deepEqual(await underway(uploadId, way.bucket), [])
    await tab.context().close()
  })
}
