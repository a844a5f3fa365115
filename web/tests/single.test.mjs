// Uploads in one request with unmodified Uppy 5 and 6.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { MB, add, alice, bob, callApi, close, openApi, openBucket, openUppy, png, program, s3Request, stack, together, upload, waitForVerdict } from './fixture.mjs'

after(close)

const withoutToken = { token: undefined, api: openApi, bucket: openBucket }

/** Client configurations: title, Uppy version, its options, call options of the owner. */
const clients = [
  ['version 5 with a bearer token', 5, { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, {}],
  ['version 5, open', 5, { five: { endpoint: `${openApi}/` } }, withoutToken],
  ['version 6 with signRequest', 6, { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, {}],
  ['version 6 with signRequest, in a class', 6, { six: { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token } } }, {}],
  ['version 6 as Companion, open', 6, { six: { companionEndpoint: openApi } }, withoutToken],
  ['version 6 as Companion, with a trailing slash', 6, { six: { companionEndpoint: `${openApi}/` } }, withoutToken],
]

together('accepted and empty files', () => {
  for (const [title, version, options, caller] of clients) {
    test(`an image is uploaded and accepted: ${title}`, async () => {
      const tab = await openUppy(version)
      await tab.evaluate((options) => void start(options), options)
      await add(tab, { name: 'holiday 😀 "quoted" it\'s 100%.png', type: 'image/png', content: png, meta: { relativePath: null, caption: 'at the sea, ü' } })
      const results = await upload(tab)
      const record = await waitForVerdict(results, caller)
      assert.equal(record.status, 'accepted')
      assert.equal(record.filename, 'holiday 😀 "quoted" it\'s 100%.png')
      assert.deepEqual(record.observed, { size: png.length, contentType: 'image/png' })
      await tab.context().close()
    })
  }

  for (const [title, version, options, caller] of clients.filter(([title]) => !title.includes('class') && !title.includes('slash'))) {
    test(`S3 refuses an empty file and stores nothing: ${title}`, async () => {
      const tab = await openUppy(version)
      await tab.evaluate((options) => void start(options), options)
      await add(tab, { name: 'empty.txt', type: 'text/plain', content: Buffer.alloc(0) })
      const [granted, refused] = [waitForResponseFrom(tab, /\/s3\/(params|sign)$/), waitForResponseFrom(tab, new RegExp(`^/${caller.bucket ?? stack.bucket}/?$`))]
      const results = await upload(tab)
      assert.deepEqual([results.successes.length, results.errors.length], [0, 1])
      const { key } = (await granted).json.fields
      const { status, text } = await refused
      assert.equal(status, 400, text)
      assert.match(text, /<Code>EntityTooSmall<\/Code>/)
      const record = await callApi('GET', `/uploads/${key.split('/').pop()}`, caller)
      assert.deepEqual([record.status, record.body.code], [404, 'not-received'])
      const { text: versions } = await s3Request('GET', caller.bucket ?? stack.bucket, { versions: '', prefix: key })
      assert.match(versions, /<ListVersionsResult/)
      assert.doesNotMatch(versions, /<Key>/)
      await tab.context().close()
    })
  }
})

/** Waits for the first response to the page from a path. */
async function waitForResponseFrom(tab, path) {
  const response = await tab.waitForResponse((response) => response.request().method() !== 'OPTIONS' && path.test(new URL(response.url()).pathname))
  const text = await response.text()
  return { status: response.status(), text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

test('version 5 reports the key after a PUT too', async () => {
  const tab = await openUppy(5)
  const headers = { authorization: `Bearer ${alice.token}` }
  await tab.evaluate((options) => void start(options), { five: { endpoint: stack.apiUrl, headers, put: true } })
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const sent = tab.waitForRequest((request) => request.method() === 'PUT')
  const results = await upload(tab)
  const record = await waitForVerdict(results)
  assert.equal(record.status, 'accepted')
  assert.ok(decodeURIComponent(new URL((await sent).url()).pathname).endsWith(results.successes[0].key))
  await tab.context().close()
})

test('version 5 shows why a file above the limit is refused', async () => {
  const tab = await openUppy(5)
  const headers = { authorization: `Bearer ${alice.token}` }
  await tab.evaluate((options) => void start(options), { five: { endpoint: `${stack.apiUrl}/avatar`, headers } })
  await add(tab, { name: 'large.png', type: 'image/png', content: png, meta: { size: 6 * MB } })
  const results = await upload(tab)
  assert.deepEqual(results.errors, ['The file has 6 MB. The maximum is 5 MB.'])
  await tab.context().close()
})

test('a program that is declared as an image is rejected', async () => {
  const tab = await openUppy(5)
  await tab.evaluate((options) => void start(options), clients[0][2])
  await add(tab, { name: 'picture.png', type: 'image/png', content: program })
  const record = await waitForVerdict(await upload(tab))
  assert.equal(record.status, 'rejected')
  assert.ok(record.reasons.some(({ code }) => code === 'executable'), JSON.stringify(record.reasons))
  await tab.context().close()
})

test('a user cannot read or delete an upload of another user', async () => {
  const tab = await openUppy(5)
  await tab.evaluate((options) => void start(options), clients[0][2])
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const record = await waitForVerdict(await upload(tab))
  for (const [method, path] of [['GET', `/uploads/${record.id}`], ['GET', `/uploads/${record.id}/content`], ['DELETE', `/uploads/${record.id}`]]) {
    const response = await callApi(method, path, { token: bob.token })
    assert.deepEqual([response.status, response.body.code], [404, 'not-received'], `${method} ${path}`)
  }
  await tab.context().close()
})
