// Files in parts: the ways in which an unmodified client reaches us, and what is to come of each upload.

import assert from 'node:assert/strict'

import { add, alice, ask, bare, openApi, openBucket, stack, underway, verdict } from './world.mjs'

export const PART = 5 << 20
export const open = { token: undefined, api: openApi }

/** Each way in which an unmodified client reaches us: its options, and whose uploads they are. */
export const five = { version: 5, s3: { five: { endpoint: stack.apiUrl, headers: { authorization: `Bearer ${alice.token}` } } }, who: {}, bucket: stack.bucket }
export const six = { version: 6, s3: { six: { companionEndpoint: openApi } }, who: open, bucket: openBucket }
export const signing = { version: 6, s3: { six: { sign: { url: `${stack.apiUrl}/s3/sign`, token: alice.token } } }, who: {}, bucket: stack.bucket }
export const ways = { 'version 5 with a bearer token': five, 'version 6 as Companion, open': six, 'version 6 with signRequest': signing }

/** A page with an Uppy that sends parts, and a text file of `size` bytes in it. */
export async function page(way, size, { retrieve = false, prefix = '' } = {}) {
  const tab = await bare(way.version)
  const [[kind, options]] = Object.entries(way.s3)
  const s3 = { ...options }
  for (const name of ['endpoint', 'companionEndpoint']) if (s3[name]) s3[name] += prefix
  await tab.evaluate((options) => void start(options), { [kind]: s3, retrieve, multipart: true })
  await add(tab, { name: 'log “of 😀”.txt', type: 'text/plain', size })
  return tab
}

/** A file is there, whole and accepted, and nothing is left of its way. */
export async function accepted(tab, told, way, size) {
  const record = await verdict(told, way.who)
  assert.equal(record.status, 'accepted', JSON.stringify(record.reasons))
  assert.deepEqual(record.observed, { size, contentType: 'text/plain' })
  assert.deepEqual(await underway(record.id, way.bucket), [], 'nothing is left under way')
  await tab.context().close()
}

/** Nothing has come of an upload. */
export async function gone(id, way) {
  const { status, body } = await ask('GET', `/uploads/${id}`, way.who)
  assert.equal(status, 404, JSON.stringify(body))
}

/** Presses retry where the file stands with an error, as a person would; from then on only what comes after counts. */
export async function retried(tab) {
  for (let press = 0; press < 3; press++) {
    if (await tab.evaluate(() => told.successes.length > 0)) break
    await tab.evaluate(() => {
      told.errors = []
      return uppy.retryAll().catch(() => {})
    })
  }
  await tab.evaluate(() => (told.errors = []))
}
