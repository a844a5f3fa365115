// Many files: bounded work and memory, one polling loop, batches where the API has them.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { createClient } from '../dist/index.js'
import { FakeServer, PART_SIZE, client, file } from './server.mjs'

let server
const start = async (setup) => (server = await FakeServer.start(setup))
afterEach(async () => {
  await server?.stop()
  server = undefined
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
function heapUsed() {
  collect()
  return process.memoryUsage().heapUsed
}

/** Files that exist only while they are uploaded. */
function* lazily(count, size, onRead = () => {}) {
  for (let index = 0; index < count; index += 1) {
    onRead(index)
    yield file(size, { name: `photo-${index}.png` })
  }
}

test('results are in the order of the files, each of its kind', async () => {
  await start()
  const files = [file(1000), file(500, { program: true }), file(100, { name: 'a.pdf', type: 'application/pdf' }), file(5 * PART_SIZE), file(1000, { name: 'a.exe.png' })]
  const seen = []
  const progress = []
  const results = await client(server).upload(files, { onResult: ({ status }) => seen.push(status), onProgress: (value) => progress.push(value) })
  assert.deepEqual(results.map(({ status }) => status), ['accepted', 'rejected', 'failed', 'accepted', 'failed'])
  assert.deepEqual(results.map(({ file }) => file), files)
  assert.equal(seen.length, 5)
  const { started, accepted, rejected, failed, loaded, total, files: count } = progress.at(-1)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  assert.deepEqual({ started, accepted, rejected, failed, loaded, total, count }, { started: 5, accepted: 2, rejected: 1, failed: 2, loaded: bytes, total: bytes, count: 5 })
})

test('300 files with single routes: lazily read, bounded, iterated as they come', async () => {
  await start()
  let read = 0
  let finished = 0
  let mostAhead = 0
  const ids = new Set()
  const files = lazily(300, 1000, () => (mostAhead = Math.max(mostAhead, (read += 1) - finished)))
  for await (const result of client(server).upload(files)) {
    finished += 1
    ids.add(result.record.id)
  }
  assert.deepEqual([finished, ids.size], [300, 300])
  assert.equal(server.count('POST /uploads/batch'), 1, 'the missing route is tried once')
  assert.equal(server.count('POST /uploads/status'), 1)
  assert.ok(mostAhead < 300, `${mostAhead} files ahead`)
})

test('10,000 files with batch routes: bounded memory, few requests, a verdict for each', async () => {
  const setup = JSON.stringify({ batchRoutes: true, batchRoom: 200, verdictMs: 5 })
  const child = fork(join(import.meta.dirname, 'server-process.mjs'), [setup], { execArgv: [] })
  const message = () => new Promise((resolve) => child.once('message', resolve))
  try {
    const url = await message()
    const count = 10_000
    let [read, finished, mostAhead, peak] = [0, 0, 0, 0]
    const files = lazily(count, 200, () => (mostAhead = Math.max(mostAhead, (read += 1) - finished)))
    const base = heapUsed()
    const counts = {}
    for await (const { status } of createClient({ api: url, token: 'good' }).upload(files)) {
      counts[status] = (counts[status] ?? 0) + 1
      finished += 1
      if (finished % 1000 === 0) peak = Math.max(peak, heapUsed() - base)
    }
    assert.deepEqual(counts, { accepted: count })
    const reported = message()
    child.send('report')
    const { apiRequests, largestBatch } = await reported
    console.log(`# ${apiRequests} API requests, at most ${mostAhead} files ahead, ${largestBatch} grants in a batch, ${Math.round(peak / 1e6)} MB of heap`)
    assert.ok(apiRequests <= count * 0.02, `${apiRequests} requests`)
    assert.ok(mostAhead <= 2600, `${mostAhead} files ahead`)
    assert.ok(peak < 60e6, `${peak} bytes`)
  } finally {
    child.kill()
  }
})

test('a batch without room for all grants is continued', async () => {
  await start({ batchRoutes: true, batchRoom: 3 })
  const results = await client(server).upload(Array.from({ length: 20 }, (_, index) => file(1000, { name: `${index}.png` })))
  assert.ok(results.every(({ status }) => status === 'accepted'))
  assert.equal(new Set(results.map(({ record }) => record.id)).size, 20)
})

test('a batch answers each file by itself, and an expired URL of it is renewed', async () => {
  await start({ batchRoutes: true })
  server.policy.default.singleRequestMax = 500_000
  server.fault('PUT /s3/object/.*', { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>' }, 3)
  const files = [file(1000), file(1000, { name: 'a.exe.png' }), file(900_000), file(2000), file(3000)]
  const results = await client(server, { preflight: false }).upload(files)
  assert.deepEqual(results.map(({ status, problem }) => problem?.code ?? status), ['accepted', 'name-not-allowed', 'accepted', 'accepted', 'accepted'])
  assert.equal([...server.uploads.values()].filter(({ stored }) => stored).length, 4)
})

test('a token that expires in the middle is renewed once for all files', async () => {
  await start()
  let asked = 0
  const token = () => ((asked += 1), asked === 1 ? 'good' : 'renewed')
  let puts = 0
  server.fault('PUT /s3/object/.*', { run: () => (puts += 1) === 20 && (server.tokens = new Set(['renewed'])) }, Infinity)
  const results = await client(server, { token }).upload(lazily(60, 1000))
  assert.deepEqual([results.filter(({ status }) => status === 'accepted').length, asked], [60, 2])
})

test('faults of every kind in many files: each file has one object and one verdict', async () => {
  await start({ batchRoutes: true })
  const object = 'PUT /s3/object/.*'
  server.fault('POST /uploads/batch', { lose: true })
  server.fault(object, { lose: true }, 5)
  server.fault(object, { cut: 100 }, 5)
  server.fault(object, { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }, 5)
  server.fault('POST /uploads/status', { status: 429, body: { message: 'Too Many Requests' }, headers: { 'retry-after': '2' } }, 2)
  const results = await client(server).upload(lazily(100, 5000))
  assert.equal(results.filter(({ status }) => status === 'accepted').length, 100, JSON.stringify(results.find(({ problem }) => problem)?.problem))
  assert.equal([...server.uploads.values()].filter(({ stored, versions }) => stored && versions === 1).length, 100)
})

test('pause stops new files, resume goes on, cancel ends every file', async () => {
  await start()
  const batch = client(server).upload(Array.from({ length: 40 }, (_, index) => file(1000, { name: `${index}.png` })))
  await new Promise((resolve) => server.fault('PUT /s3/object/.*', { run: resolve }))
  assert.equal(batch.pause(), true)
  await new Promise((resolve) => setTimeout(resolve, 150))
  const puts = server.count('PUT /s3/object/.*')
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(server.count('PUT /s3/object/.*'), puts)
  batch.resume()
  await new Promise((resolve) => server.fault('PUT /s3/object/.*', { run: resolve }))
  batch.cancel()
  const results = await batch
  assert.equal(results.length, 40)
  assert.ok(results.some(({ problem }) => problem?.code === 'cancelled'))
})

test('a consumer that stops early cancels the rest', async () => {
  await start()
  // What the client sends. The server can receive a request after the client has cancelled it.
  let sent = 0
  const counted = (...args) => ((sent += 1), fetch(...args))
  for await (const { status } of client(server, { fetch: counted }).upload(lazily(200, 1000))) {
    assert.equal(status, 'accepted')
    break
  }
  const before = sent
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(sent, before)
  assert.ok(server.uploads.size < 200, `${server.uploads.size} uploads`)
})

test('a list-like object, as a page has it, has a known size', async () => {
  await start()
  const files = [file(1000), file(2000)]
  const list = { length: 2, 0: files[0], 1: files[1], [Symbol.iterator]: () => files[Symbol.iterator]() }
  const totals = []
  const batch = client(server).upload(list, { onProgress: ({ total, files }) => totals.push([total, files]) })
  assert.equal((await batch).length, 2)
  assert.deepEqual(totals[0], [3000, 2])
})

test('an error of the list of files reaches the caller', async () => {
  await start()
  function* broken() {
    yield file(1000)
    throw new Error('no more files')
  }
  await assert.rejects(async () => void (await client(server).upload(broken())), /no more files/)
  await assert.rejects(async () => {
    for await (const { status } of client(server).upload(broken())) assert.equal(status, 'accepted')
  }, /no more files/)
})
