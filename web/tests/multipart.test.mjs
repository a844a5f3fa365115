// Files in parts, with both Uppys as they come, undisturbed and disturbed.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { PART, accepted, five, gone, open, page, retried, six, ways } from './parts.mjs'
import { MB, again as sibling, alice, ask, bob, close, eventually, onFirstPart, openApi, openBucket, root, stack, traffic, underway, upload } from './world.mjs'

after(close)

for (const [name, way] of Object.entries(ways)) {
  test(`120 MB arrive in more than twenty parts: ${name}`, async () => {
    const tab = await page(way, 120 * MB)
    const told = await upload(tab)
    assert.equal(new Set(told.parts).size, 23)
    await accepted(tab, told, way, 120 * MB)
  })

  test(`paused and resumed: ${name}`, async () => {
    // Twice as many as travel at once, so that some have not set out when the first one has arrived.
    const size = 11 * PART + 1
    const tab = await page(way, size)
    const seen = traffic(tab)
    await onFirstPart(tab, 'uppy.pauseAll(); told.paused = true')
    const done = upload(tab)
    await tab.waitForFunction(() => told.paused)
    const before = await stillFor(tab, seen, 2000)
    assert.ok(before.stored.length < 12, 'something is left to be sent')
    assert.equal(before.lists, 0)
    await tab.evaluate(() => uppy.resumeAll())
    const told = await done
    assert.equal(seen.lists(), 1, 'parts are listed on resuming')
    sentOnce(seen, before)
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
    const size = 20 * PART
    const tab = await page(way, size)
    const seen = traffic(tab)
    await onFirstPart(tab, 'told.first = true')
    const done = upload(tab)
    await tab.waitForFunction(() => told.first)
    await tab.context().setOffline(true)
    // What was on the wire may still get through here.
    await eventually('what was on its way to end', seen.idle)
    const before = await stillFor(tab, seen, 3000, 'stored')
    assert.ok(before.stored.length < 20, 'something is left to be sent')
    assert.equal(await tab.evaluate(() => told.successes.length), 0)
    await tab.context().setOffline(false)
    await done
    await retried(tab)
    sentOnce(seen, before)
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
    const told = await tab.evaluate(() => globalThis.told)
    assert.equal(told.successes[0].key.split('/').pop(), uploadId, 'it is still the same upload')
    await accepted(tab, told, way, size)
  })
}

/** Sees to it that nothing moves for a while, or no part arrives: as long as a wire would take, for nothing tells when it was long enough. */
async function stillFor(tab, seen, milliseconds, what = 'count') {
  const before = { [what]: seen[what](), progress: await tab.evaluate(() => told.parts.length) }
  await tab.waitForTimeout(milliseconds)
  assert.deepEqual({ [what]: seen[what](), progress: await tab.evaluate(() => told.parts.length) }, before, 'it stands still')
  return { stored: seen.stored(), begun: seen.begun().length, lists: seen.lists() }
}

/** No part that S3 had confirmed by then was sent again, and none was stored twice. */
function sentOnce(seen, before) {
  const later = seen.begun().slice(before.begun)
  assert.ok(later.length > 0)
  assert.deepEqual(later.filter((part) => before.stored.includes(part)), [], 'what has arrived is not sent again')
  const stored = seen.stored()
  assert.equal(new Set(stored).size, stored.length, `sent once each: ${stored}`)
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
  // A key in the query is nobody's right: with another's key, one's own session is still one's own, and nothing else.
  const other = await ask('POST', '/s3/multipart', { token: bob.token, body: { filename: 'b.txt', type: 'text/plain' } })
  assert.equal(other.status, 200, JSON.stringify(other.body))
  const theirs = `?key=${encodeURIComponent(other.body.key)}`
  const listed = await ask('GET', `/s3/multipart/${uploadId}${theirs}`)
  assert.deepEqual([listed.status, listed.body.length > 0], [200, true], JSON.stringify(listed.body))
  const { body: signed } = await ask('GET', `/s3/multipart/${uploadId}/1${theirs}`)
  assert.ok(decodeURIComponent(new URL(signed.url).pathname).endsWith(key), signed.url)
  const [pending] = await underway(other.body.uploadId)
  const given = await ask('DELETE', `/s3/multipart/${other.body.uploadId}${theirs}`)
  assert.equal(given.status, 404, 'the key opens nothing of theirs')
  assert.deepEqual(await underway(other.body.uploadId), [pending])
  assert.equal((await ask('DELETE', `/s3/multipart/${other.body.uploadId}${query}`, { token: bob.token })).status, 200)
  await tab.evaluate(() => uppy.resumeAll())
  await accepted(tab, await done, five, 3 * PART)
})
