// Files above the limit with unmodified Uppy 5 and 6: the message that the user sees, and that nothing of them is stored.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { MB, add, alice, callApi, close, displayedErrors, eventually, inProgressUploads, onFirstPart, openApi, openBucket, openUppy, s3Request, stack, together, upload } from './fixture.mjs'

after(close)

// Version 6 shows this message for every error of S3 in Companion mode.
const NETWORK_ERROR = 'This looks like a network error, the endpoint might be blocked by an internet provider or a firewall.'

const bearer = { authorization: `Bearer ${alice.token}` }
const open = { token: undefined, api: openApi }
const own = { bucket: stack.bucket }

/** Clients of a class that allows 5 MB, or 20 MB on the open stack, and the messages that they show for a larger file. */
const clients = {
  'version 5': { version: 5, s3: { five: { endpoint: `${stack.apiUrl}/avatar`, headers: bearer } }, ...own, single: 'Non 2xx', multipart: 'The file is too large. The maximum is 5 MB.' },
  'version 6 as Companion': { version: 6, s3: { six: { companionEndpoint: `${openApi}/small` } }, caller: open, bucket: openBucket, size: 21 * MB, single: NETWORK_ERROR, multipart: 'Companion request failed: Unprocessable Entity' },
  'version 6 with signRequest': { version: 6, s3: { six: { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token } } }, ...own, single: 'S3 returned 400 – EntityTooLarge', multipart: 'The file is too large. The maximum is 5 MB.' },
}

/** Asserts that the upload failed with one error, which Uppy shows unchanged for the file and for all files. */
async function assertError(tab, results, expected) {
  assert.deepEqual([results.successes.length, results.errors], [0, [expected]])
  const { all, file } = await displayedErrors(tab)
  assert.equal(file, expected)
  assert.ok(all.endsWith(expected), all)
}

/** Asserts that neither S3 nor the API has anything of the upload. */
async function assertNothingStored(id, { caller = {}, bucket }) {
  await eventually('S3 to abort the upload', async () => (await inProgressUploads(id, bucket)).length === 0)
  const { status, body } = await callApi('GET', `/uploads/${id}`, caller)
  assert.equal(status, 404, JSON.stringify(body))
  const { text } = await s3Request('GET', bucket, { versions: '', prefix: '1/' })
  assert.doesNotMatch(text, new RegExp(`/${id}<`))
}

together('sizes that were not sent', () => {
  for (const [name, client] of Object.entries(clients)) {
    test(`a file above the limit whose size was not sent, in one request: ${name}`, async () => {
      const tab = await openUppy(client.version)
      await tab.evaluate((options) => void start(options), client.s3)
      await add(tab, { name: 'large.png', type: 'image/png', size: client.size ?? 5 * MB + 1 })
      const granted = tab.waitForResponse((response) => /\/s3\/(params|sign)$/.test(new URL(response.url()).pathname))
      const results = await upload(tab)
      await assertError(tab, results, client.single)
      const { fields } = await (await granted).json()
      await assertNothingStored(fields.key.split('/').pop(), client)
      await tab.context().close()
    })

    test(`a file above the limit whose size was not sent, as a multipart upload: ${name}`, async () => {
      const tab = await openUppy(client.version)
      await tab.evaluate((options) => void start(options), { ...client.s3, multipart: true })
      await add(tab, { name: 'large.png', type: 'image/png', size: client.size ? 30 * MB : 12 * MB })
      await onFirstPart(tab, 'results.s3 = Object.values(uppy.getState().files)[0].s3Multipart')
      const results = await upload(tab)
      await assertError(tab, results, client.multipart)
      await assertNothingStored(results.s3.uploadId, client)
      await tab.context().close()
    })
  }
})

const SIZE_PROBLEM = 'The file has 6 MB. The maximum is 5 MB.'
const five = { endpoint: `${stack.apiUrl}/avatar`, headers: bearer }
const six = { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token, sendFields: ['size', 'type'] } }
const clientsThatSendSize = {
  'version 5': [5, { five }, stack.apiUrl, 6 * MB, SIZE_PROBLEM],
  // This client does not read the body of an error.
  'version 6 as Companion': [6, { six: { companionEndpoint: `${openApi}/small` } }, openApi, 21 * MB, 'Companion request failed: Unprocessable Entity'],
  'version 6 with signRequest': [6, { six }, stack.apiUrl, 6 * MB, SIZE_PROBLEM],
}
together('sizes that were sent', () => {
  for (const [name, [version, options, api, size, message]] of Object.entries(clientsThatSendSize)) {
    for (const multipart of [false, true]) {
      test(`a file above the limit whose size was sent is refused before the upload starts, ${multipart ? 'as a multipart upload' : 'in one request'}: ${name}`, async () => {
        const tab = await openUppy(version)
        await tab.evaluate((options) => void start(options), { ...options, multipart })
        await add(tab, { name: 'large.png', type: 'image/png', size, meta: { size } })
        const otherRequests = []
        tab.on('request', (request) => !request.url().startsWith(api) && otherRequests.push(request.url()))
        await assertError(tab, await upload(tab), message)
        assert.deepEqual(otherRequests, [])
        await tab.context().close()
      })
    }
  }
})

test('signing the creation fails with the reason if the page sends what the class does not allow', async () => {
  for (const [path, sendFields, expected] of [
    ['/giant', [], 'This kind of upload does not exist here: giant.'],
    ['/avatar', ['type'], 'Files of this kind (text/plain) are not accepted here. Choose one of these: png, jpg, jpeg, webp.'],
    // Uppy sends the type when it creates the upload, and reads only the code of the response.
    ['/avatar', [], 'S3 returned 422 – type-not-allowed'],
  ]) {
    const tab = await openUppy(6)
    const sign = { url: `${stack.apiUrl}${path}/s3/sign`, token: alice.token, sendFields }
    await tab.evaluate((options) => void start(options), { six: { sign }, multipart: true })
    await add(tab, { name: 'notes.txt', type: 'text/plain', size: 6 * MB })
    await assertError(tab, await upload(tab), expected)
    await tab.context().close()
  }
})
