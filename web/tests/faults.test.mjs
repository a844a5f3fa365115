// Error responses of S3 and of the API: what Uppy 5 and 6 do by themselves and after a retry by the user.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { PART_SIZE, assertAccepted, clients, page, retry } from './parts.mjs'
import { add, alice, close, inProgressUploads, onFirstPart, openApi, openUppy, page as origin, png, recordTraffic, stack, together, upload, waitForVerdict } from './fixture.mjs'

after(close)

const NETWORK_ERROR = 'This looks like a network error, the endpoint might be blocked by an internet provider or a firewall.'

/** Responds once in place of S3 or the API to a request that `matches`. Returns a function that counts its responses. */
async function respondOnce(tab, url, matches, response) {
  let count = 0
  await tab.route(url, async (route) => {
    const request = route.request()
    if (count > 0 || request.method() === 'OPTIONS' || !matches(request)) return route.fallback()
    count += 1
    await route.fulfill({ headers: { 'access-control-allow-origin': origin }, ...response })
  })
  return () => count
}

const s3Error = (status, code) => ({ status, contentType: 'application/xml', body: `<Error><Code>${code}</Code><Message>m</Message></Error>` })
const secondPart = /[?&]partNumber=2(&|$)/

/** Error responses of S3 to a part, and by version of Uppy, whether it retries by itself. */
const errors = {
  '429 SlowDown': [s3Error(429, 'SlowDown'), { 5: true, 6: true }],
  '503 SlowDown': [s3Error(503, 'SlowDown'), { 5: true, 6: true }],
  '400 ExpiredToken': [s3Error(400, 'ExpiredToken'), { 5: true, 6: false }],
  '403 AccessDenied': [s3Error(403, 'AccessDenied'), { 5: false, 6: false }],
}

together('errors of S3 and of the API', () => {
  for (const [name, client] of Object.entries(clients)) {
    for (const [what, [response, retries]] of Object.entries(errors)) {
      test(`S3 responds to a part with ${what}: ${name}`, async () => {
        const size = PART_SIZE + 1
        const tab = await page(client, size)
        const traffic = recordTraffic(tab)
        const count = await respondOnce(tab, secondPart, () => true, response)
        const results = await upload(tab)
        assert.equal(count(), 1)
        if (retries[client.version]) return assertAccepted(tab, results, client, size)
        const [status, code] = what.split(' ')
        const messages = { 'version 5 with a bearer token': 'Non 2xx', 'version 6 as Companion, open': NETWORK_ERROR, 'version 6 with signRequest': `S3 returned ${status} – ${code}` }
        assert.deepEqual([results.successes.length, results.errors], [0, [messages[name]]])
        await retry(tab)
        // Version 6 lists the parts and uploads the missing ones. Version 5 has aborted the upload and starts a new one.
        if (client.version === 6) assert.deepEqual([traffic.listCalls(), traffic.storedParts().length], [1, 2])
        await assertAccepted(tab, await tab.evaluate(() => globalThis.results), client, size)
      })
    }

    test(`signing a part fails once: ${name}`, async () => {
      const size = PART_SIZE + 1
      const tab = await page(client, size)
      const traffic = recordTraffic(tab)
      const matches = (request) => new URL(request.url()).pathname.endsWith('/2') || request.postDataJSON()?.partNumber === 2
      const count = await respondOnce(tab, /\/s3\/(multipart|sign)/, matches, { status: 503, json: { code: 'unavailable', error: 'unavailable', message: 'try again' } })
      const results = await upload(tab)
      assert.equal(count(), 1)
      // Version 5 signs again by itself, version 6 after a retry by the user.
      assert.equal(results.successes.length, client.version === 5 ? 1 : 0, JSON.stringify(results.errors))
      await retry(tab)
      assert.deepEqual([traffic.listCalls(), traffic.storedParts().length], [client.version === 5 ? 0 : 1, 2], 'no part is uploaded twice')
      await assertAccepted(tab, await tab.evaluate(() => globalThis.results), client, size)
    })
  }
})

const single = {
  'version 5': [5, { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, {}],
  'version 6 as Companion': [6, { six: { companionEndpoint: openApi } }, { token: undefined, api: openApi }],
  'version 6 with signRequest': [6, { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, {}],
}
together('uploads in one request, and a plugin that is removed', () => {
  for (const [name, [version, options, caller]] of Object.entries(single)) {
    test(`S3 responds to an upload in one request with 503: ${name}`, async () => {
      const tab = await openUppy(version)
      await tab.evaluate((options) => void start(options), options)
      await add(tab, { name: 'a.png', type: 'image/png', content: png })
      const form = (request) => request.method() === 'POST' && request.headers()['content-type']?.startsWith('multipart/form-data')
      const count = await respondOnce(tab, '**/*', form, s3Error(503, 'SlowDown'))
      const results = await upload(tab)
      assert.equal(count(), 1)
      // Version 5 never retries such an upload by itself. A retry by the user requests a new grant with another key.
      if (version === 5) assert.deepEqual([results.successes.length, results.errors], [0, ['Non 2xx']])
      else assert.deepEqual([results.successes.length, results.errors], [1, []])
      await retry(tab)
      assert.equal((await waitForVerdict(await tab.evaluate(() => globalThis.results), caller)).status, 'accepted')
      await tab.context().close()
    })
  }

  for (const [name, client] of Object.entries(clients).filter(([, { version }]) => version === 6)) {
    test(`removing the plugin during an upload aborts the upload: ${name}`, async () => {
      const tab = await page(client, 4 * PART_SIZE)
      await onFirstPart(tab, 'results.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
      await tab.evaluate(() => void uppy.upload().catch(() => {}))
      const { uploadId } = await (await tab.waitForFunction(() => results.s3)).jsonValue()
      assert.equal((await inProgressUploads(uploadId, client.bucket)).length, 1)
      const deleted = tab.waitForResponse((response) => response.request().method() === 'DELETE')
      await tab.evaluate(() => uppy.removePlugin(uppy.getPlugin('AwsS3')))
      assert.equal((await deleted).status(), 200)
      assert.deepEqual(await inProgressUploads(uploadId, client.bucket), [])
      await tab.context().close()
    })
  }
})
