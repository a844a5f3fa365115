// Files in parts, with both Uppys as they come, undisturbed and disturbed.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { MB, add, again as sibling, alice, ask, bare, bob, close, eventually, onFirstPart, openApi, openBucket, root, stack, underway, upload, verdict } from './world.mjs'

after(close)

const PART = 5 << 20
const open = { token: undefined, api: openApi }

/** Each way in which an unmodified client reaches us: its options, and whose uploads they are. */
const five = { version: 5, s3: { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, who: {}, bucket: stack.bucket }
const six = { version: 6, s3: { six: { companionEndpoint: openApi } }, who: open, bucket: openBucket }
const signing = { version: 6, s3: { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, who: {}, bucket: stack.bucket }
const ways = { 'version 5 with a bearer token': five, 'version 6 as Companion, open': six, 'version 6 with signRequest': signing }

/** A page with an Uppy that sends parts, and a text file of `size` bytes in it. */
async function page(way, size, { retrieve = false, prefix = '' } = {}) {
  const tab = await bare(way.version)
  const [[kind, options]] = Object.entries(way.s3)
  const s3 = { ...options }
  for (const name of ['endpoint', 'companionEndpoint']) if (s3[name]) s3[name] += prefix
  await tab.evaluate((options) => void start(options), { [kind]: s3, retrieve, multipart: true })
  await add(tab, { name: 'log “of 😀”.txt', type: 'text/plain', size })
  return tab
}

async function accepted(tab, told, way, size) {
  const record = await verdict(told, way.who)
  assert.equal(record.status, 'accepted', JSON.stringify(record.reasons))
  assert.deepEqual(record.observed, { size, contentType: 'text/plain' })
  assert.deepEqual(await underway(record.id, way.bucket), [], 'nothing is left under way')
  await tab.context().close()
}

/** Nothing has come of an upload. */
async function gone(id, way) {
  const { status, body } = await ask('GET', `/uploads/${id}`, way.who)
  assert.equal(status, 404, JSON.stringify(body))
}

for (const [name, way] of Object.entries(ways)) {
  test(`120 MB arrive in more than twenty parts: ${name}`, async () => {
    const tab = await page(way, 120 * MB)
    const told = await upload(tab)
    assert.equal(new Set(told.parts).size, 23)
    await accepted(tab, told, way, 120 * MB)
  })

  test(`paused and resumed: ${name}`, async () => {
    const size = 4 * PART + 1
    const tab = await page(way, size)
    await onFirstPart(tab, 'uppy.pauseAll(); told.paused = true')
    const done = upload(tab)
    await tab.waitForFunction(() => told.paused)
    const before = await tab.evaluate(() => told.calls.length)
    await tab.evaluate(() => uppy.resumeAll())
    const told = await done
    assert.ok(told.calls.slice(before).some((call) => /^(GET .*multipart\/[^/]+|POST .*sign)$/.test(call)), 'parts are listed on resuming')
    await accepted(tab, told, way, size)
  })

  test(`cancelled: ${name}`, async () => {
    const tab = await page(way, 4 * PART)
    await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.cancelAll()')
    await tab.evaluate(() => void uppy.upload().catch(() => {}))
    const { uploadId } = await (await tab.waitForFunction(() => told.s3)).jsonValue()
    await eventually('S3 to have forgotten', async () => (await underway(uploadId, way.bucket)).length === 0)
    await gone(uploadId, way)
    await tab.context().close()
  })

  test(`the page is reloaded in the middle: ${name}`, async () => {
    const size = PART + 4 * MB
    const tab = await page(way, size, { retrieve: true })
    // Only one part leaves the first page. Version 5 sends both at once, so it may be either.
    await tab.evaluate(() => {
      const { send } = XMLHttpRequest.prototype
      let parts = 0
      XMLHttpRequest.prototype.send = function (body) {
        if (body instanceof Blob && ++parts > 1) return undefined
        return send.call(this, body)
      }
    })
    await onFirstPart(tab, 'told.first = true')
    await tab.evaluate(() => void uppy.upload().catch(() => {}))
    await tab.waitForFunction(() => told.first)
    await eventually('Golden Retriever to have written everything', () => tab.evaluate(() => kept()))
    const again = await sibling(tab.context(), way.version)
    const [[kind, options]] = Object.entries(way.s3)
    await again.evaluate((options) => void start(options), { [kind]: options, retrieve: true, multipart: true })
    await again.waitForFunction(() => uppy.getFiles().length === 1 && uppy.getFiles()[0].s3Multipart)
    const [arrived] = await tab.evaluate(() => told.parts)
    await tab.close()
    // What Dashboard's button does.
    await again.evaluate(() => uppy.emit('restore-confirmed'))
    await again.waitForFunction(() => told.successes.length + told.errors.length > 0)
    const told = await again.evaluate(() => globalThis.told)
    assert.deepEqual(told.parts, [1, 2].filter((part) => part !== arrived), 'what has arrived is not sent again')
    await accepted(again, told, way, size)
  })

  test(`the network is cut for a while: ${name}`, async () => {
    const size = 8 * PART
    const tab = await page(way, size)
    await onFirstPart(tab, 'told.first = true')
    const done = upload(tab)
    await tab.waitForFunction(() => told.first)
    await tab.context().setOffline(true)
    // Some seconds, as the wire would: nothing tells when enough of them have passed.
    await tab.waitForTimeout(3000)
    assert.equal(await tab.evaluate(() => told.successes.length), 0)
    await tab.context().setOffline(false)
    await done
    await retried(tab)
    await accepted(tab, await tab.evaluate(() => told), way, size)
  })

  test(`the completion is lost on its way back: ${name}`, async () => {
    const size = PART + 1
    const tab = await page(way, size)
    await tab.evaluate(() => {
      const lose = (call) => !told.lost && call.endsWith('/complete') && (told.lost = true)
      globalThis.meddle = async (call, send) => {
        if (!lose(call)) return undefined
        await send()
        throw new TypeError('Failed to fetch')
      }
      const { open, send } = XMLHttpRequest.prototype
      XMLHttpRequest.prototype.open = function (method, url, ...rest) {
        this.losing = lose(new URL(url).pathname)
        return open.call(this, method, url, ...rest)
      }
      // It is sent, and the answer is never heard.
      XMLHttpRequest.prototype.send = function (body) {
        if (this.losing) Object.defineProperty(this, 'status', { value: 502 })
        return send.call(this, body)
      }
    })
    await upload(tab)
    await retried(tab)
    const told = await tab.evaluate(() => globalThis.told)
    assert.ok(told.lost)
    // Version 5 forgets what it had, and begins anew.
    if (way.version === 6) assert.deepEqual(told.parts, [1, 2], 'no byte is sent twice')
    await accepted(tab, told, way, size)
  })

  test(`S3 has lost the upload: ${name}`, async () => {
    const size = 3 * PART
    const tab = await page(way, size)
    await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
    const done = upload(tab)
    const { uploadId } = await (await tab.waitForFunction(() => told.s3)).jsonValue()
    const [lost] = await underway(uploadId, way.bucket)
    const { status } = await root('DELETE', `${way.bucket}/${lost.key}`, { uploadId: lost.upload })
    assert.equal(status, 204)
    await tab.evaluate(() => uppy.resumeAll())
    await done
    await retried(tab)
    await accepted(tab, await tab.evaluate(() => told), way, size)
  })
}

/** Presses retry where the file stands with an error, as a person would; from then on only what comes after counts. */
async function retried(tab) {
  for (let press = 0; press < 3; press++) {
    if (await tab.evaluate(() => told.successes.length > 0)) break
    await tab.evaluate(() => {
      told.errors = []
      return uppy.retryAll().catch(() => {})
    })
  }
  await tab.evaluate(() => (told.errors = []))
}

for (const [name, way] of Object.entries({ 'version 5': { ...five, s3: { five: { endpoint: openApi } }, who: open, bucket: openBucket }, 'version 6': six })) {
  test(`a part's URL expires before it is used: ${name}`, async () => {
    const size = 2 * PART
    const tab = await page(way, size, { prefix: '/hasty' })
    await tab.evaluate(() => {
      globalThis.meddle = async (call, send) => {
        if (told.late || !/multipart\/[^/]+\/1$/.test(call)) return undefined
        told.late = true
        const answer = await send()
        await new Promise((done) => setTimeout(done, 4000))
        return answer
      }
    })
    await upload(tab)
    if (way.version === 6) await retried(tab)
    const told = await tab.evaluate(() => globalThis.told)
    const signed = told.calls.filter((call) => /multipart\/[^/]+\/1$/.test(call)).length
    assert.deepEqual([told.late, signed], [true, 2], 'the first URL was late, and a second one was asked for')
    await accepted(tab, told, way, size)
  })

  test(`a file over the limit, of a size that nobody told: ${name}`, async () => {
    const tab = await page(way, 30 * MB, { prefix: '/small' })
    await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart')
    const told = await upload(tab)
    assert.equal(told.successes.length, 0)
    assert.ok(told.errors.length > 0)
    // Version 6 shows no words of ours, and never gives up what it has begun.
    if (way.version === 5) assert.deepEqual(told.errors, ['the file is above the maximum of 20 MB for this upload'])
    const { uploadId } = told.s3
    await eventually('S3 to have forgotten', async () => (await underway(uploadId, way.bucket)).length === 0)
    await gone(uploadId, way)
    await tab.context().close()
  })
}

test('another user can do nothing with a key or an upload', async () => {
  const tab = await page(five, 3 * PART)
  await onFirstPart(tab, 'told.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
  const done = upload(tab)
  const { key, uploadId } = await (await tab.waitForFunction(() => told.s3)).jsonValue()
  const query = `?key=${encodeURIComponent(key)}`
  const sign = (request) => ['POST', '/s3/sign', { key, uploadId, ...request }]
  for (const [method, path, body] of [
    ['GET', `/s3/multipart/${uploadId}${query}`],
    ['GET', `/s3/multipart/${uploadId}/1${query}`],
    ['GET', `/s3/multipart/${uploadId}/batch${query}&partNumbers=1,2`],
    ['POST', `/s3/multipart/${uploadId}/complete${query}`, { parts: [{ PartNumber: 1, ETag: 'x' }] }],
    ['DELETE', `/s3/multipart/${uploadId}${query}`],
    sign({ method: 'PUT', partNumber: 1 }),
  ]) {
    const answer = await ask(method, path, { token: bob.token, body })
    assert.equal(answer.status, 404, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    assert.ok(answer.body.message && answer.body.error)
  }
  // A key in the query is nobody's right: with another upload's, one's own is still one's own.
  await tab.evaluate(() => uppy.resumeAll())
  await accepted(tab, await done, five, 3 * PART)
})
