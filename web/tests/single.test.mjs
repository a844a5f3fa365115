// Files in one request, with both Uppys as they come.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { MB, add, alice, ask, bare, bob, close, openApi, openBucket, png, program, root, stack, upload, verdict } from './world.mjs'

after(close)

const nobody = { token: undefined, api: openApi, bucket: openBucket }

/** Each way in which an unmodified client reaches us: its options, and whose uploads they are. */
const ways = [
  ['version 5 with a bearer token', 5, { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, {}],
  ['version 5, open', 5, { five: { endpoint: `${openApi}/` } }, nobody],
  ['version 6 with signRequest', 6, { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, {}],
  ['version 6 with signRequest, in a class', 6, { six: { sign: { url: `${stack.apiUrl}/avatar/s3/sign`, token: alice.token } } }, {}],
  ['version 6 as Companion, open', 6, { six: { companionEndpoint: openApi } }, nobody],
  ['version 6 as Companion, with a slash too many', 6, { six: { companionEndpoint: `${openApi}/` } }, nobody],
]

for (const [way, version, options, who] of ways) {
  test(`a picture arrives: ${way}`, async () => {
    const tab = await bare(version)
    await tab.evaluate((options) => void start(options), options)
    await add(tab, { name: 'holiday 😀 "quoted" it\'s 100%.png', type: 'image/png', content: png, meta: { relativePath: null, caption: 'at the sea, ü' } })
    const told = await upload(tab)
    const record = await verdict(told, who)
    assert.equal(record.status, 'accepted')
    assert.equal(record.filename, 'holiday 😀 "quoted" it\'s 100%.png')
    assert.deepEqual(record.observed, { size: png.length, contentType: 'image/png' })
    await tab.context().close()
  })
}

for (const [way, version, options, who] of ways.filter(([way]) => !way.includes('class') && !way.includes('slash'))) {
  test(`an empty file is refused by the bucket, and nothing is kept: ${way}`, async () => {
    const tab = await bare(version)
    await tab.evaluate((options) => void start(options), options)
    await add(tab, { name: 'empty.txt', type: 'text/plain', content: Buffer.alloc(0) })
    const [granted, refused] = [answer(tab, /\/s3\/(params|sign)$/), answer(tab, new RegExp(`^/${who.bucket ?? stack.bucket}/?$`))]
    const told = await upload(tab)
    assert.deepEqual([told.successes.length, told.errors.length], [0, 1])
    const { key } = (await granted).json.fields
    const { status, text } = await refused
    assert.equal(status, 400, text)
    assert.match(text, /<Code>EntityTooSmall<\/Code>/)
    const record = await ask('GET', `/uploads/${key.split('/').pop()}`, who)
    assert.deepEqual([record.status, record.body.code], [404, 'not-received'])
    const { text: versions } = await root('GET', who.bucket ?? stack.bucket, { versions: '', prefix: key })
    assert.match(versions, /<ListVersionsResult/)
    assert.doesNotMatch(versions, /<Key>/)
    await tab.context().close()
  })
}

/** The page's first answer from a path, read as it comes. */
async function answer(tab, path) {
  const response = await tab.waitForResponse((response) => response.request().method() !== 'OPTIONS' && path.test(new URL(response.url()).pathname))
  const text = await response.text()
  return { status: response.status(), text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

test('version 5 tells the key of a PUT too', async () => {
  const tab = await bare(5)
  const headers = { authorization: `Bearer ${alice.token}` }
  await tab.evaluate((options) => void start(options), { five: { endpoint: stack.apiUrl, headers, put: true } })
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const sent = tab.waitForRequest((request) => request.method() === 'PUT')
  const told = await upload(tab)
  const record = await verdict(told)
  assert.equal(record.status, 'accepted')
  assert.ok(decodeURIComponent(new URL((await sent).url()).pathname).endsWith(told.successes[0].key))
  await tab.context().close()
})

test('a file over the limit is refused: version 5 says why', async () => {
  const tab = await bare(5)
  const headers = { authorization: `Bearer ${alice.token}` }
  await tab.evaluate((options) => void start(options), { five: { endpoint: `${stack.apiUrl}/avatar`, headers } })
  await add(tab, { name: 'large.png', type: 'image/png', content: png, meta: { size: 6 * MB } })
  const told = await upload(tab)
  assert.deepEqual(told.errors, ['6 MB is above the maximum of 5 MB for this type'])
  await tab.context().close()
})

test('a program that calls itself a picture is rejected', async () => {
  const tab = await bare(5)
  await tab.evaluate((options) => void start(options), ways[0][2])
  await add(tab, { name: 'picture.png', type: 'image/png', content: program })
  const record = await verdict(await upload(tab))
  assert.equal(record.status, 'rejected')
  assert.ok(record.reasons.some(({ code }) => code === 'executable'), JSON.stringify(record.reasons))
  await tab.context().close()
})

test('an upload of one user is nobody to another', async () => {
  const tab = await bare(5)
  await tab.evaluate((options) => void start(options), ways[0][2])
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const record = await verdict(await upload(tab))
  for (const [method, path] of [['GET', `/uploads/${record.id}`], ['GET', `/uploads/${record.id}/content`], ['DELETE', `/uploads/${record.id}`]]) {
    const answer = await ask(method, path, { token: bob.token })
    assert.deepEqual([answer.status, answer.body.code], [404, 'not-received'], `${method} ${path}`)
  }
  await tab.context().close()
})
