// Shared by the tests of multipart uploads: the configurations of unmodified clients, and checks of their uploads.

import assert from 'node:assert/strict'

import { add, alice, callApi, inProgressUploads, openApi, openBucket, openUppy, stack, waitForVerdict } from './fixture.mjs'

export const PART_SIZE = 5 << 20
/** Call options for the stack without an authorizer. */
export const open = { token: undefined, api: openApi }

/** Client configurations: Uppy version and options, call options of the owner, and bucket. */
export const five = { version: 5, s3: { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, caller: {}, bucket: stack.bucket }
export const six = { version: 6, s3: { six: { companionEndpoint: openApi } }, caller: open, bucket: openBucket }
export const signing = { version: 6, s3: { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, caller: {}, bucket: stack.bucket }
/** All configurations that the tests repeat, by title. */
export const clients = { 'version 5 with a bearer token': five, 'version 6 as Companion, open': six, 'version 6 with signRequest': signing }

/** Opens a page with an Uppy that uses multipart uploads, and adds a text file of `size` bytes. */
export async function page(client, size, { retrieve = false, prefix = '' } = {}) {
  const tab = await openUppy(client.version)
  const [[kind, options]] = Object.entries(client.s3)
  const s3 = { ...options }
  for (const name of ['endpoint', 'companionEndpoint']) if (s3[name]) s3[name] += prefix
  await tab.evaluate((options) => void start(options), { [kind]: s3, retrieve, multipart: true })
  await add(tab, { name: 'log “of 😀”.txt', type: 'text/plain', size })
  return tab
}

/** Asserts that the whole file was accepted and that S3 has no multipart upload in progress for it. Closes the page. */
export async function assertAccepted(tab, results, client, size) {
  const record = await waitForVerdict(results, client.caller)
  assert.equal(record.status, 'accepted', JSON.stringify(record.reasons))
  assert.deepEqual(record.observed, { size, contentType: 'text/plain' })
  assert.deepEqual(await inProgressUploads(record.id, client.bucket), [], 'no multipart upload is in progress')
  await tab.context().close()
}

/** Asserts that the API has no such upload. */
export async function assertNotFound(id, client) {
  const { status, body } = await callApi('GET', `/uploads/${id}`, client.caller)
  assert.equal(status, 404, JSON.stringify(body))
}

/** Retries up to three times until the upload succeeds, and clears the recorded errors. */
export async function retry(tab) {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await tab.evaluate(() => results.successes.length > 0)) break
    await tab.evaluate(() => {
      results.errors = []
      return uppy.retryAll().catch(() => {})
    })
  }
  await tab.evaluate(() => (results.errors = []))
}
