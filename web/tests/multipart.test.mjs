// Multipart uploads with unmodified Uppy 5 and 6, without and with interruptions.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { PART_SIZE, assertAccepted, assertNotFound, clients, five, open, page, retry, six } from './parts.mjs'
import { MB, bob, callApi, close, eventually, inProgressUploads, onFirstPart, openApi, openBucket, openUppyIn, recordTraffic, s3Request, together, upload } from './fixture.mjs'

after(close)

together('uploads with interruptions', () => {
  for (const [name, client] of Object.entries(clients)) {
    test(`120 MB are uploaded in 23 parts: ${name}`, async () => {
      const tab = await page(client, 120 * MB)
      const results = await upload(tab)
      assert.equal(new Set(results.parts).size, 23)
      await assertAccepted(tab, results, client, 120 * MB)
    })

    test(`paused and resumed: ${name}`, async () => {
      // Twice as many parts as Uppy uploads at once, so that some are not started when the first one is stored.
      const size = 11 * PART_SIZE + 1
      const tab = await page(client, size)
      const traffic = recordTraffic(tab)
      await onFirstPart(tab, 'uppy.pauseAll(); results.paused = true')
      const done = upload(tab)
      await tab.waitForFunction(() => results.paused)
      const before = await assertIdle(tab, traffic, 2000)
      assert.ok(before.storedParts.length < 12, 'some parts are not uploaded yet')
      assert.equal(before.listCalls, 0)
      await tab.evaluate(() => uppy.resumeAll())
      const results = await done
      assert.equal(traffic.listCalls(), 1, 'Uppy lists the parts once to resume')
      assertUploadedOnce(traffic, before)
      await assertAccepted(tab, results, client, size)
    })

    test(`cancelled: ${name}`, async () => {
      const tab = await page(client, 4 * PART_SIZE)
      await onFirstPart(tab, 'results.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.cancelAll()')
      await tab.evaluate(() => void uppy.upload().catch(() => {}))
      const { uploadId } = await (await tab.waitForFunction(() => results.s3)).jsonValue()
      await eventually('S3 to abort the upload', async () => (await inProgressUploads(uploadId, client.bucket)).length === 0)
      await assertNotFound(uploadId, client)
      await tab.context().close()
    })

    test(`the page is reloaded during the upload: ${name}`, async () => {
      const size = PART_SIZE + 4 * MB
      const tab = await page(client, size, { retrieve: true })
      // The first page sends only one part. Version 5 starts both at once, so it can be either one.
      await tab.evaluate(() => {
        const { send } = XMLHttpRequest.prototype
        let parts = 0
        XMLHttpRequest.prototype.send = function (body) {
          if (body instanceof Blob && ++parts > 1) return undefined
          return send.call(this, body)
        }
      })
      await onFirstPart(tab, 'results.first = true')
      await tab.evaluate(() => void uppy.upload().catch(() => {}))
      await tab.waitForFunction(() => results.first)
      await eventually('Golden Retriever to store state and file', () => tab.evaluate(() => isStored()))
      const reloaded = await openUppyIn(tab.context(), client.version)
      const [[kind, options]] = Object.entries(client.s3)
      await reloaded.evaluate((options) => void start(options), { [kind]: options, retrieve: true, multipart: true })
      await reloaded.waitForFunction(() => uppy.getFiles().length === 1 && uppy.getFiles()[0].s3Multipart)
      const [storedPart] = await tab.evaluate(() => results.parts)
      await tab.close()
      // The dashboard's restore button emits this event.
      await reloaded.evaluate(() => uppy.emit('restore-confirmed'))
      await reloaded.waitForFunction(() => results.successes.length + results.errors.length > 0)
      const results = await reloaded.evaluate(() => globalThis.results)
      assert.deepEqual(results.parts, [1, 2].filter((part) => part !== storedPart), 'a stored part is not uploaded again')
      await assertAccepted(reloaded, results, client, size)
    })

    test(`the network is offline for a while: ${name}`, async () => {
      const size = 20 * PART_SIZE
      const tab = await page(client, size)
      const traffic = recordTraffic(tab)
      await onFirstPart(tab, 'results.first = true')
      const done = upload(tab)
      await tab.waitForFunction(() => results.first)
      await tab.context().setOffline(true)
      // Responses that are already in flight may still arrive.
      await eventually('open requests to end', traffic.idle)
      const before = await assertIdle(tab, traffic, 3000, 'storedParts')
      assert.ok(before.storedParts.length < 20, 'some parts are not uploaded yet')
      assert.equal(await tab.evaluate(() => results.successes.length), 0)
      await tab.context().setOffline(false)
      await done
      await retry(tab)
      assertUploadedOnce(traffic, before)
      await assertAccepted(tab, await tab.evaluate(() => results), client, size)
    })

    test(`the response to the completion is lost: ${name}`, async () => {
      const size = PART_SIZE + 1
      const tab = await page(client, size)
      await tab.evaluate(() => {
        const lose = (call) => !results.lost && call.endsWith('/complete') && (results.lost = true)
        globalThis.intercept = async (call, send) => {
          if (!lose(call)) return undefined
          await send()
          throw new TypeError('Failed to fetch')
        }
        const { open, send } = XMLHttpRequest.prototype
        XMLHttpRequest.prototype.open = function (method, url, ...rest) {
          this.loseResponse = lose(new URL(url).pathname)
          return open.call(this, method, url, ...rest)
        }
        // The request is sent, but Uppy does not get its response.
        XMLHttpRequest.prototype.send = function (body) {
          if (this.loseResponse) Object.defineProperty(this, 'status', { value: 502 })
          return send.call(this, body)
        }
      })
      await upload(tab)
      await retry(tab)
      const results = await tab.evaluate(() => globalThis.results)
      assert.ok(results.lost)
      // Version 5 forgets the upload and starts a new one.
      if (client.version === 6) assert.deepEqual(results.parts, [1, 2], 'no part is uploaded twice')
      await assertAccepted(tab, results, client, size)
    })

    test(`the multipart upload no longer exists in S3: ${name}`, async () => {
      const size = 3 * PART_SIZE
      const tab = await page(client, size)
      await onFirstPart(tab, 'results.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
      const done = upload(tab)
      const { uploadId } = await (await tab.waitForFunction(() => results.s3)).jsonValue()
      const [lost] = await inProgressUploads(uploadId, client.bucket)
      const { status } = await s3Request('DELETE', `${client.bucket}/${lost.key}`, { uploadId: lost.upload })
      assert.equal(status, 204)
      await tab.evaluate(() => uppy.resumeAll())
      await done
      await retry(tab)
      const results = await tab.evaluate(() => globalThis.results)
      assert.equal(results.successes[0].key.split('/').pop(), uploadId, 'the upload id is unchanged')
      await assertAccepted(tab, results, client, size)
    })
  }
})

/** Asserts that no request is sent, or no part is stored, for some time. */
async function assertIdle(tab, traffic, milliseconds, what = 'count') {
  const before = { [what]: traffic[what](), progress: await tab.evaluate(() => results.parts.length) }
  await tab.waitForTimeout(milliseconds)
  assert.deepEqual({ [what]: traffic[what](), progress: await tab.evaluate(() => results.parts.length) }, before, 'the upload is idle')
  return { storedParts: traffic.storedParts(), startedCount: traffic.startedParts().length, listCalls: traffic.listCalls() }
}

/** Asserts that no part that was stored before was started again, and that none was stored twice. */
function assertUploadedOnce(traffic, before) {
  const later = traffic.startedParts().slice(before.startedCount)
  assert.ok(later.length > 0)
  assert.deepEqual(later.filter((part) => before.storedParts.includes(part)), [], 'stored parts are not uploaded again')
  const stored = traffic.storedParts()
  assert.equal(new Set(stored).size, stored.length, `each part is stored once: ${stored}`)
}

for (const [name, client] of Object.entries({ 'version 5': { ...five, s3: { five: { endpoint: openApi } }, caller: open, bucket: openBucket }, 'version 6': six })) {
  test(`the presigned URL of a part expires before it is used: ${name}`, async () => {
    const size = 2 * PART_SIZE
    const tab = await page(client, size, { prefix: '/hasty' })
    await tab.evaluate(() => {
      globalThis.intercept = async (call, send) => {
        if (results.late || !/multipart\/[^/]+\/1$/.test(call)) return undefined
        results.late = true
        const response = await send()
        await new Promise((done) => setTimeout(done, 4000))
        return response
      }
    })
    await upload(tab)
    if (client.version === 6) await retry(tab)
    const results = await tab.evaluate(() => globalThis.results)
    const signed = results.calls.filter((call) => /multipart\/[^/]+\/1$/.test(call)).length
    assert.deepEqual([results.late, signed], [true, 2], 'the first URL expired and a second one was signed')
    await assertAccepted(tab, results, client, size)
  })
}

test('another user cannot use a key or an upload', async () => {
  const tab = await page(five, 3 * PART_SIZE)
  await onFirstPart(tab, 'results.s3 = Object.values(uppy.getState().files)[0].s3Multipart; uppy.pauseAll()')
  const done = upload(tab)
  const { key, uploadId } = await (await tab.waitForFunction(() => results.s3)).jsonValue()
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
    const response = await callApi(method, path, { token: bob.token, body })
    assert.equal(response.status, 404, `${method} ${path}: ${JSON.stringify(response.body)}`)
    assert.ok(response.body.message && response.body.error)
  }
  // The key in the query gives no access: with another user's key, a caller still reaches only their own session.
  const other = await callApi('POST', '/s3/multipart', { token: bob.token, body: { filename: 'b.txt', type: 'text/plain' } })
  assert.equal(other.status, 200, JSON.stringify(other.body))
  const theirs = `?key=${encodeURIComponent(other.body.key)}`
  const listed = await callApi('GET', `/s3/multipart/${uploadId}${theirs}`)
  assert.deepEqual([listed.status, listed.body.length > 0], [200, true], JSON.stringify(listed.body))
  const { body: signed } = await callApi('GET', `/s3/multipart/${uploadId}/1${theirs}`)
  assert.ok(decodeURIComponent(new URL(signed.url).pathname).endsWith(key), signed.url)
  const [pending] = await inProgressUploads(other.body.uploadId)
  const denied = await callApi('DELETE', `/s3/multipart/${other.body.uploadId}${theirs}`)
  assert.equal(denied.status, 404, 'the key gives no access to the other session')
  assert.deepEqual(await inProgressUploads(other.body.uploadId), [pending])
  assert.equal((await callApi('DELETE', `/s3/multipart/${other.body.uploadId}${query}`, { token: bob.token })).status, 200)
  await tab.evaluate(() => uppy.resumeAll())
  await assertAccepted(tab, await done, five, 3 * PART_SIZE)
})
