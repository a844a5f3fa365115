// The decisions of the core: plain functions with time and randomness passed in.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { computeChecksum } from '../build/checksum-compute.js'
import { afterError, afterSuccess, startConcurrency } from '../build/concurrency.js'
import { CATALOGUE, describe } from '../build/messages.js'
import { mayStart, missingParts, partCount, partRange, pollGap, shouldRefill } from '../build/plan.js'
import { KNOWN_EXTENSIONS, review } from '../build/policy.js'
import { observe, rateOf, secondsLeft, startMeter } from '../build/progress.js'
import { Verdicts } from '../build/verdicts.js'
import { backOff, decideApi, readPut, retryAfter, urlDeadline } from '../build/retry.js'
import { sentence } from '../build/words.js'

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
  assert.deepEqual([0, 1, 2, 9].map((polls) => pollGap(3, polls, 0)), [200, 600, 1800, 3000])
  assert.deepEqual([40, 200, 501].map((pending) => pollGap(pending, 0, 0)), [1200, 3000, 500])
  assert.deepEqual([20, 100, 150, 1000].map((arriving) => pollGap(3, 9, arriving)), [3000, 3000, 8000, 20_000])
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
    { types: ['text'], extensions: ['txt', 'log', 'csv'], min: 10, max: 1000 },
  ],
  singleRequestMax: 5e9, multipartFrom: 1e8, urlLifeSeconds: 900, checksumRequired: false, metadata: [], declared: 'hint',
}
const all = ['png', 'json', 'txt', 'jpg', 'geojson', 'log', 'csv']
/** Code, limit, actual and allowed of a refusal. */
const check = (limits, filename, contentType, size = 100) => {
  const problem = review(limits, { filename, contentType, size })?.problem
  if (!problem) return undefined
  assert.ok(problem.detail.length > 10 && !/[{}]|undefined/.test(problem.detail), problem.detail)
  return [problem.code, problem.limit, problem.actual, problem.allowed]
}

test('hints: the type is not judged, nor a name without a known extension', () => {
  for (const declared of ['hint', undefined]) {
    for (const name of ['photo', 'blob', '.png', 'photo.', 'Report 2026.11', 'photo.heiz', 'photo.PNG', 'photo.png .', 'a.csv', 'a.geojson', 'photo.p\u200bng']) {
      for (const type of [undefined, 'application/octet-stream', 'image/pjpeg', 'application/vnd.ms-excel', 'video/mp4', 'text/x-csv', 'nonsense']) {
        assert.equal(check({ ...limits, declared }, name, type), undefined, `${name} ${type}`)
      }
    }
  }
})

test('hints: known extensions that no rule lists are refused', () => {
  for (const name of ['film.mp4', 'setup.EXE', 'a.png.exe', 'a.pdf']) {
    const extension = name.split('.').pop().toLowerCase()
    for (const type of [undefined, 'image/png']) assert.deepEqual(check(limits, name, type), ['extension-not-allowed', undefined, extension, all])
  }
  const anything = { ...limits, allow: [...limits.allow, { types: ['video'], extensions: [], min: 1, max: 10 }] }
  assert.equal(check(anything, 'film.mp4', undefined, 10), undefined)
  assert.deepEqual(check(anything, 'film.mp4', undefined, 11), ['too-large', 10, 11, undefined])
})

test('hints: sizes are those of the rules that can apply', () => {
  assert.equal(check(limits, 'a.png', undefined, 5_000_000), undefined)
  assert.deepEqual(check(limits, 'a.png', undefined, 5_000_001), ['too-large', 5_000_000, 5_000_001, undefined])
  assert.deepEqual(check(limits, 'a.csv', 'image/png', 1001), ['too-large', 1000, 1001, undefined])
  assert.deepEqual(check(limits, 'a.csv', undefined, 9), ['too-small', 10, 9, undefined])
  assert.deepEqual(check(limits, 'photo', undefined, 0), ['too-small', 1, 0, undefined])
  assert.equal(check(limits, 'photo', 'text/plain', 5_000_000), undefined)
  assert.deepEqual(check(limits, 'photo', undefined, 5_000_001), ['too-large', 5_000_000, 5_000_001, undefined])
})

const exact = {
  ...limits,
  declared: 'exact',
  allow: [
    { types: ['image/png', 'audio/*'], extensions: ['png', 'mp3'], min: 1, max: 1000 },
    { types: ['application/json'], extensions: [], min: 1, max: 500 },
  ],
}

test('exact types: the declared type must be listed', () => {
  assert.equal(check(exact, 'a.png', 'IMAGE/PNG; q=1'), undefined)
  assert.equal(check(exact, 'a.mp3', 'audio/mpeg'), undefined)
  assert.equal(check(exact, 'anything', 'application/json'), undefined)
  for (const type of ['image/x-png', 'audiobook/x', 'application/octet-stream']) assert.deepEqual(check(exact, 'a.png', type), ['type-not-allowed', undefined, type, ['png', 'mp3']])
  assert.deepEqual(check(exact, 'a.png', undefined), ['type-required', undefined, undefined, ['png', 'mp3']])
  assert.deepEqual(check(exact, 'a.gif', 'image/png'), ['extension-not-allowed', undefined, 'gif', ['png', 'mp3']])
  assert.deepEqual(check(exact, 'photo', 'image/png'), ['extension-not-allowed', undefined, '', ['png', 'mp3']])
  assert.deepEqual(check(exact, 'a.json', 'application/json', 501), ['too-large', 500, 501, undefined])
  const unlisted = { ...exact, allow: [exact.allow[1]] }
  assert.deepEqual(check(unlisted, 'a.png', 'image/png'), ['type-not-allowed', undefined, 'image/png', undefined])
  assert.deepEqual(check(unlisted, 'a.png', undefined), ['type-required', undefined, undefined, undefined])
})

test('exact types: families are left to the server', () => {
  const families = { ...exact, allow: [{ types: ['picture'], extensions: ['png'], min: 1, max: 2000 }, ...exact.allow, { types: ['text', '*/*'], extensions: [], min: 1, max: 3000 }] }
  assert.equal(check(families, 'a.png', 'image/x-unheard-of', 2000), undefined)
  assert.equal(check(families, 'a.png', 'image/png', 2000), undefined, 'the family may match')
  assert.deepEqual(check(families, 'a.png', 'image/png', 2001), ['too-large', 2000, 2001, undefined], 'the last rule cannot match')
  assert.equal(check(families, 'a.pdf', 'application/pdf', 3000), undefined)
  assert.equal(check({ ...exact, allow: [families.allow[0]] }, 'a.png', 'text/html', 10), undefined)
  assert.deepEqual(check({ ...exact, allow: [families.allow[0]] }, 'a.gif', 'image/gif', 10), ['extension-not-allowed', undefined, 'gif', ['png']])
})

test('the server knows every extension that the client knows', async () => {
  const read = (path) => readFile(join(import.meta.dirname, '../../../shared', path), 'utf8')
  const [own, mimeDb, names] = await Promise.all(['sniff/data/extensions.tsv', 'sniff/data/mime-db.tsv', 'policy/src/name_problems.rs'].map(read))
  for (const extension of KNOWN_EXTENSIONS) assert.ok(`\n${own}`.includes(`\n${extension}\t`) || mimeDb.includes(`\n${extension}\t`) || names.includes(`"${extension}"`), extension)
})

test('sentences have the values in the form of the server', () => {
  const shows = (values, ...texts) => texts.forEach((text) => assert.ok(sentence('too-large', values).includes(text), sentence('too-large', values)))
  shows({ actual: 6_000_000, limit: 5_000_000 }, '6 MB', '5 MB')
  shows({ actual: 1_234_567_890, limit: 1_050 }, '1.23 GB', '1.05 kB')
  shows({ actual: 5_000_001, limit: 5_000_000 }, '5000001 bytes', '5000000 bytes')
  shows({ actual: 2, limit: 1 }, '2 bytes', '1 byte.')
  shows({ actual: 6e16, limit: 1e15 }, '60000 TB', '1000 TB')
  const allowed = Array.from({ length: 20 }, (_, index) => `x${index}`)
  assert.ok(sentence('type-not-allowed', { actual: 'a/b', allowed }).includes('x11, …') && !sentence('type-not-allowed', { allowed }).includes('x12'))
})

test("a person sees the server's sentence, or that of the catalogue where the server speaks to the maker of the page", () => {
  assert.equal(describe({ code: 'executable', detail: 'what the server says' }), 'what the server says')
  assert.equal(describe({ code: 'too-large', detail: 'what the server says' }), 'what the server says')
  assert.equal(describe({ code: 'of-tomorrow', detail: 'what the server says' }), 'what the server says')
  assert.equal(describe({ code: 'invalid-body', detail: 'unknown field `x`' }), CATALOGUE.problems['invalid-body'])
  assert.equal(describe({ code: 'macros', detail: '' }), CATALOGUE.reasons.macros)
  assert.equal(describe({ code: 'of-tomorrow', detail: '' }), 'of-tomorrow')
})

test('the package has the catalogue of the server', async () => {
  assert.deepEqual(CATALOGUE, JSON.parse(await readFile(join(import.meta.dirname, '../../../shared/policy/words/en.json'), 'utf8')))
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
