// The decisions of the core: plain functions with time and randomness passed in.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { computeChecksum } from '../build/checksum-compute.js'
import { afterError, afterSuccess, startConcurrency } from '../build/concurrency.js'
import { declaredType, matchesType } from '../build/content-type.js'
import { mayStart, missingParts, partCount, partRange, pollGap, shouldRefill } from '../build/plan.js'
import { review, sizeText } from '../build/policy.js'
import { observe, rateOf, secondsLeft, startMeter } from '../build/progress.js'
import { Verdicts } from '../build/verdicts.js'
import { backOff, decideApi, readPut, retryAfter, urlDeadline } from '../build/retry.js'

test('pauses grow with jitter up to a maximum', () => {
  assert.deepEqual([0, 1, 2, 20].map((attempt) => backOff(attempt, 1)), [250, 500, 1000, 20_000])
  assert.equal(backOff(2, 0), 500)
})

test('Retry-After is read as seconds and as a date', () => {
  assert.equal(retryAfter('5', 0), 5000)
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000)
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:01 GMT', 4000), 0)
  for (const absent of [null, '', 'soon']) assert.equal(retryAfter(absent, 0), undefined)
})

test('responses of the API are retried, final or ask for a new token', () => {
  const decide = (answer) => decideApi({ attempt: 0, maxRetries: 8, canRenew: true, random: 0, ...answer })
  assert.equal(decide({ status: 201 }), 'return')
  assert.equal(decide({ status: 401 }), 'renew-token')
  assert.equal(decide({ status: 401, canRenew: false }), 'fail')
  assert.equal(decide({ status: 422 }), 'fail')
  assert.equal(decide({ status: 0 }), 125)
  assert.equal(decide({ status: 503, retryAfterMs: 3000 }), 3000)
  assert.equal(decide({ status: 429 }), 125)
  assert.equal(decide({ status: 429, code: 'too-many-sessions' }), 'fail')
  assert.equal(decide({ status: 503, attempt: 8 }), 'fail')
})

test('responses of S3 are classified', () => {
  const error = (code, message = '') => `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  const meaning = (...rest) => readPut(...rest).meaning
  assert.equal(meaning(200, '', false), 'stored')
  assert.equal(meaning(0, '', true), 'broken')
  assert.equal(meaning(412, error('PreconditionFailed'), false), 'exists')
  assert.equal(meaning(403, error('AccessDenied', 'Request has expired'), false), 'expired')
  assert.equal(meaning(403, error('AccessDenied'), true), 'expired')
  assert.equal(meaning(400, error('ExpiredToken'), false), 'expired')
  assert.deepEqual(readPut(403, error('SignatureDoesNotMatch'), false), { meaning: 'refused', s3Code: 'SignatureDoesNotMatch' })
  assert.equal(meaning(404, error('NoSuchUpload'), false), 'lost')
  for (const [status, code] of [[503, 'SlowDown'], [500, 'InternalError'], [409, 'ConditionalRequestConflict'], [400, 'RequestTimeout']]) assert.equal(meaning(status, error(code), false), 'busy')
  assert.equal(meaning(400, error('BadDigest'), false), 'damaged')
  assert.equal(meaning(400, error('MetadataTooLarge'), false), 'fatal')
})

test("a URL's life does not depend on the clock of this machine", () => {
  const url = 'https://b.s3.example/key?X-Amz-Expires=900&X-Amz-Signature=x'
  assert.equal(urlDeadline(url, '1970-01-01T00:00:00Z', 5_000_000), 5_000_000 + 890_000)
  assert.equal(urlDeadline('https://b.s3.example/key?X-Amz-Expires=20', '', 0), 18_000)
  assert.equal(urlDeadline('https://b.s3.example/key', '1970-01-01T00:10:00Z', 0), 590_000)
})

test('parts cover a file exactly', () => {
  assert.deepEqual([0, 1, 8, 9, 16, 17].map((size) => partCount(size, 8)), [1, 1, 1, 2, 2, 3])
  assert.deepEqual([partRange(1, 17, 8), partRange(3, 17, 8)], [[0, 8], [16, 17]])
  const listed = [{ partNumber: 1, size: 8 }, { partNumber: 2, size: 7 }]
  assert.deepEqual(missingParts(17, 8, listed), [2, 3])
})

/** A clock that stands until all work is done, then jumps to the next timer. */
function virtualEnv() {
  let now = 0
  const timers = new Set()
  const env = {
    now: () => now,
    random: () => 0.5,
    online: async () => {},
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = { at: now + ms, resolve }
        timers.add(timer)
        signal?.addEventListener('abort', () => (timers.delete(timer), reject(new Error('aborted'))))
      }),
  }
  const runUntil = async (end) => {
    for (;;) {
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
      const next = [...timers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) return void (now = end)
      timers.delete(next)
      now = next.at
      next.resolve()
    }
  }
  return { env, runUntil }
}

test('a new file does not wait for the slow polls of files that are being scanned', async () => {
  const { env, runUntil } = virtualEnv()
  const polls = []
  const api = { body: async (path) => (polls.push([env.now(), path]), { status: path === '/uploads/new' ? 'accepted' : 'validating' }) }
  const verdicts = new Verdicts(api, env, 600_000)
  const { signal } = new AbortController()
  const failed = assert.rejects(verdicts.wait('scanned', signal), { code: 'no-verdict' })
  await runUntil(121_000)
  const count = polls.length
  assert.ok(count < 40, `${count} polls in two minutes`)
  const accepted = verdicts.wait('new', signal)
  await runUntil(121_250)
  assert.equal((await accepted).status, 'accepted')
  await runUntil(700_000)
  await failed
})

test('files are prepared ahead only where batches exist, and within bounds', () => {
  assert.equal(mayStart(5, 0, 6, false), true)
  assert.equal(mayStart(6, 0, 6, false), false)
  assert.equal(mayStart(499, 5e6, 6, true), true)
  assert.equal(mayStart(500, 5e6, 6, true), false)
  assert.equal(mayStart(10, 64e6, 6, true), false)
  assert.equal(shouldRefill(300, 5e6, 6, true), false)
  assert.equal(shouldRefill(250, 5e6, 6, true), true)
})

test('verdicts of few files are asked for soon, those of many files together', () => {
  assert.deepEqual([0, 1, 2, 9].map((polls) => pollGap(3, polls)), [200, 400, 800, 3000])
  assert.deepEqual([40, 200, 501].map((pending) => pollGap(pending, 0)), [1200, 3000, 500])
})

/** Runs transfers on a simulated link: the rate of each transfer depends on their number. */
function simulate(limits, rateOfOne, transfers) {
  let state = startConcurrency(limits, 0)
  let now = 0
  for (let index = 0; index < transfers; index += 1) {
    now += 1_000_000 / (rateOfOne(state.limit) * state.limit)
    state = afterSuccess(state, 1_000_000, now)
  }
  return state
}

test('concurrency grows on a link that limits each connection', () => {
  assert.equal(simulate({ min: 1, start: 3, max: 16 }, () => 2_500, 60).limit, 16)
})

test('concurrency stays low on a link that limits all connections together', () => {
  assert.ok(simulate({ min: 1, start: 3, max: 16 }, (limit) => 12_500 / limit, 60).limit <= 8)
})

test('an error halves the concurrency once, not below the minimum', () => {
  let state = { ...startConcurrency({ min: 1, start: 3, max: 16 }, 0), limit: 12 }
  state = afterError(state, 10)
  assert.equal(state.limit, 6)
  assert.equal(afterError(state, 500).limit, 6)
  for (const now of [2000, 4000, 6000, 8000]) state = afterError(state, now)
  assert.equal(state.limit, 1)
})

test('rate and time left come from the last seconds', () => {
  let meter = startMeter(0)
  for (let now = 100; now <= 20_000; now += 100) meter = observe(meter, now < 10_000 ? now : 10_000 + (now - 10_000) * 3, now)
  assert.ok(Math.abs(rateOf(meter) - 3000) < 50, String(rateOf(meter)))
  assert.ok(meter.samples.length < 50)
  assert.equal(secondsLeft(1000, 4000, 1500), 2)
  assert.equal(secondsLeft(1000, undefined, 1500), undefined)
  assert.equal(secondsLeft(0, 10, 0), undefined)
  assert.equal(rateOf(startMeter(5)), 0)
})

const limits = {
  allow: [
    { types: ['picture'], extensions: ['png', 'jpg'], min: 1, max: 5_000_000 },
    { types: ['application/json'], extensions: ['json', 'geojson'], min: 1, max: 1 << 20 },
    { types: ['text'], extensions: ['txt', 'log', 'csv'], min: 1, max: 1000 },
  ],
  singleRequestMax: 5e9, multipartFrom: 1e8, urlLifeSeconds: 900, checksumRequired: false, metadata: ['album'],
}

test("a file's type comes from the browser, or from its name", () => {
  assert.equal(declaredType('a.png', 'image/png', limits), 'image/png')
  assert.equal(declaredType('a.geojson', '', limits), 'application/json')
  assert.equal(declaredType('a.geojson', 'application/geo+json', limits), 'application/json')
  assert.equal(declaredType('a.log', '', limits), 'text/plain')
  assert.equal(declaredType('a.csv', 'application/vnd.ms-excel', limits), 'text/csv')
  assert.equal(declaredType('A.PNG', undefined, limits), 'image/png')
  assert.equal(declaredType('a.docx', '', undefined), 'application/vnd.openxmlformats-officedocument.wordprocessingml.document')
  assert.equal(declaredType('noextension', '', limits), 'application/octet-stream')
  assert.equal(declaredType('a.pdf', 'application/pdf', limits), 'application/pdf')
})

test('patterns of types match as in the policy', () => {
  assert.ok(matchesType('image/png', 'IMAGE/PNG; q=1') && matchesType('image/*', 'image/png') && matchesType('*/*', 'x/y') && matchesType('picture', 'image/webp') && matchesType('office', 'application/msword'))
  assert.ok(!matchesType('picture', 'image/svg+xml') && !matchesType('image/*', 'imagery/png') && !matchesType('text', 'text/html'))
})

test("the policy refuses a file with the server's words", () => {
  const check = (filename, contentType, size, rest = {}) => review(limits, { filename, contentType, size, ...rest }, false)?.problem
  assert.equal(check('a.png', 'image/png', 5_000_000), undefined)
  assert.equal(check('a.png', 'image/png', 6_000_000).detail, '6 MB is above the maximum of 5 MB for this type')
  assert.equal(check('a.txt', 'text/plain', 0).detail, '0 B is below the minimum of 1 B for this type')
  assert.equal(check('a.pdf', 'application/pdf', 1).detail, 'application/pdf is not allowed in class "default"')
  assert.equal(check('a.gif', 'image/png', 1).detail, 'the file extension is not allowed for image/png: use png, jpg')
  assert.equal(check('a.png', 'image/png', 1, { class: 'avatar', metadata: { x: '1' } }).detail, 'class "avatar" does not allow metadata named "x"')
  assert.equal(review({ ...limits, checksumRequired: true }, { filename: 'a.png', contentType: 'image/png', size: 1 }, false).code, 'checksum-required')
  assert.deepEqual([0, 999, 1024, 1000, 5 << 20, 1_500_000].map(sizeText), ['0 B', '999 B', '1 KiB', '1000 B', '5 MiB', '1500000 B'])
})

test('checksums have the values of their catalogues', async () => {
  const check = new Blob(['123456789'])
  const hex = async (algorithm) => Buffer.from(await computeChecksum(check, algorithm), 'base64').toString('hex')
  assert.equal(await hex('crc32'), 'cbf43926')
  assert.equal(await hex('crc32c'), 'e3069283')
  assert.equal(await hex('crc64nvme'), 'ae8b14860a799888')
  assert.equal(await hex('sha1'), 'f7c3bc1d808e04732adf679965ccc34ca7ae3441')
  assert.equal(await hex('sha256'), '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225')
  const large = new Blob([new Uint8Array((1 << 20) + 3).fill(7)])
  assert.equal((await computeChecksum(large, 'crc64nvme')).length, 12)
})
