// Uploads against a fake API and S3 with faults. Each ends in one right result, and nothing is sent twice without need.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'

import { checksums } from '../dist/checksum.js'
import { describe, summarize } from '../dist/messages.js'
import { openFile } from '../dist/node.js'
import { FakeServer, PART_SIZE, REASON, client, fastEnv, file, fileStore } from './server.mjs'

const servers = []
async function start(setup) {
  const server = await FakeServer.start(setup)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

const expired = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
const slowDown = '<Error><Code>SlowDown</Code></Error>'
const object = '/s3/object/.*'
const part = (number) => `/s3/part/[^/]+/${number}`

/** Exactly one object, which holds the file. */
function assertStoredOnce(server, result, size) {
  assert.equal(result.status, 'accepted', JSON.stringify(result.problem))
  const stored = [...server.uploads.values()].filter((upload) => upload.stored)
  assert.deepEqual(stored.map(({ size, versions }) => [size, versions]), [[size, 1]])
  assert.equal(server.uploads.get(result.record.id)?.stored, true)
}

const assertEachPartOnce = (server, count) => assert.deepEqual(server.storedParts(), Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 1, 1])))

test('a file travels in one request and is accepted', async () => {
  const server = await start()
  const phases = new Set()
  const result = await client(server).upload(file(20_000), { metadata: { album: 'holidays' }, onProgress: ({ phase }) => phases.add(phase) })
  assertStoredOnce(server, result, 20_000)
  assert.deepEqual(result.record.metadata, { album: 'holidays' })
  assert.deepEqual([...phases], ['uploading', 'checking', 'done'])
  assert.deepEqual([server.count('GET /policy'), server.count('POST /uploads'), server.count(`PUT ${object}`)], [1, 1, 1])
})

test('a rejected file is a result with reasons', async () => {
  const server = await start()
  const result = await client(server).upload(file(500, { program: true }))
  assert.equal(result.status, 'rejected')
  assert.deepEqual(result.reasons, [REASON])
})

test('the policy refuses a file before any other request', async () => {
  const server = await start()
  const result = await client(server).upload(file(500, { name: 'film.mp4', type: 'video/mp4' }))
  const { code, actual, allowed } = result.problem
  assert.deepEqual([result.status, code, actual, allowed, server.requests.length], ['failed', 'extension-not-allowed', 'mp4', ['png', 'json', 'txt', 'jpg', 'geojson', 'log', 'csv'], 1])
})

test('a file is uploaded with the granted type, whatever the browser says', async () => {
  for (const [name, type, declared, granted] of [
    ['photo', '', undefined, undefined],
    ['photo.heiz', '', undefined, undefined],
    ['table.csv', 'application/vnd.ms-excel', 'application/vnd.ms-excel', 'text/csv'],
    ['area.geojson', '', undefined, 'application/json'],
    ['photo.png', 'image/x-png', 'image/x-png', undefined],
  ]) {
    for (const size of [1000, 5 * PART_SIZE]) {
      const server = await start()
      // The fake S3 takes no other type than the granted one.
      const result = await client(server).upload(file(size, { name, type }))
      assertStoredOnce(server, result, size)
      assert.equal([...server.uploads.values()][0].json.contentType, declared, name)
      if (granted) assert.equal(result.record.grantedType, granted)
      assert.deepEqual(result.record.declared, { size, ...(declared && { contentType: declared }) })
    }
  }
})

test('the type that the caller gives is declared', async () => {
  const server = await start()
  const result = await client(server).upload(file(1000, { type: '' }), { contentType: 'image/jpeg' })
  assert.equal(result.record.declared.contentType, 'image/jpeg')
})

test('a refusal has the values of the server', async () => {
  for (const batchRoutes of [false, true]) {
    const server = await start({ batchRoutes })
    const large = file(6_000_000, { name: 'a.json', type: 'application/json' })
    const results = await client(server, { preflight: false }).upload([large, file(10, { name: 'a.mp4', type: 'video/mp4' })])
    const [{ problem }, { problem: other }] = results
    assert.deepEqual([problem.code, problem.limit, problem.actual, problem.allowed], ['too-large', 5_000_000, 6_000_000, undefined])
    assert.deepEqual([other.code, other.limit, other.actual, other.allowed.includes('geojson')], ['type-not-allowed', undefined, 'video/mp4', true])
    assert.deepEqual([describe(problem), describe(other)], [problem.detail, other.detail])
    assert.equal(summarize(results[0]).includes(problem.detail), true)
  }
})

test('a class that does not exist fails', async () => {
  const server = await start()
  const result = await client(server).upload(file(500), { class: 'nope' })
  assert.equal(result.problem.code, 'unknown-class')
})

test("without the policy the server's refusal is the result", async () => {
  const server = await start()
  const result = await client(server, { preflight: false }).upload(file(500, { name: 'a.exe.png' }))
  assert.deepEqual([result.problem.code, result.problem.source, result.problem.status, result.problem.actual], ['name-not-allowed', 'api', 422, 'double-extension'])
})

test('a large file travels in parts, each once', async () => {
  const server = await start({ keepsBodies: true })
  const source = file(5 * PART_SIZE + 1)
  const result = await client(server).upload(source)
  assertStoredOnce(server, result, source.size)
  assertEachPartOnce(server, 6)
  assert.ok(server.uploads.get(result.record.id).body.equals(Buffer.from(await source.arrayBuffer())))
  assert.equal(server.count('POST /uploads'), 0)
})

for (const [what, change] of [
  ['recommends', () => {}],
  ['requires', (limits) => (limits.singleRequestMax = 500_000)],
]) {
  test(`the grant ${what} a multipart upload`, async () => {
    const server = await start()
    change(server.policy.default)
    const result = await client(server, { preflight: false }).upload(file(1_100_000))
    assertStoredOnce(server, result, 1_100_000)
    assert.deepEqual([server.count('POST /uploads'), server.count('POST /uploads/multipart')], [1, 1])
  })
}

test('the connection breaks while a file is sent', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { cut: 100_000 })
  const result = await client(server).upload(file(800_000))
  assertStoredOnce(server, result, 800_000)
  assert.equal(server.count(`PUT ${object}`), 2)
})

test('the response to a stored file is lost: it is not sent again', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { lose: true })
  const result = await client(server).upload(file(800_000))
  assertStoredOnce(server, result, 800_000)
  assert.equal(server.count(`PUT ${object}`), 1)
})

test('S3 responds 412 after 64 KB and closes the connection: the file is not sent again', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { early: 65_536, status: 412, store: true, body: '<Error><Code>PreconditionFailed</Code></Error>' })
  const result = await client(server).upload(file(900_000))
  assertStoredOnce(server, result, 900_000)
  assert.equal(server.count(`PUT ${object}`), 1)
})

test('S3 responds 403 after 64 KB and closes the connection, because the URL has expired', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { early: 65_536, status: 403, body: expired })
  const result = await client(server).upload(file(900_000))
  assertStoredOnce(server, result, 900_000)
  assert.equal(server.count('POST /uploads', 201), 2)
})

test('an expired URL is signed again under the same id', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { status: 403, body: expired })
  const result = await client(server).upload(file(1000))
  assertStoredOnce(server, result, 1000)
  assert.equal(server.uploads.size, 1)
})

test('S3 asks for fewer requests: the file is sent again after a pause', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { status: 503, body: slowDown }, 3)
  assertStoredOnce(server, await client(server).upload(file(1000)), 1000)
  assert.equal(server.count(`PUT ${object}`), 4)
})

test('S3 refuses a file for good', async () => {
  const server = await start()
  server.fault(`PUT ${object}`, { status: 403, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>' }, Infinity)
  const { problem, id } = await client(server).upload(file(1000))
  assert.deepEqual([problem.code, problem.s3Code, problem.status, problem.source], ['s3-refused', 'SignatureDoesNotMatch', 403, 's3'])
  assert.ok(id)
  assert.ok(server.count(`PUT ${object}`) <= 3)
  assert.doesNotMatch(JSON.stringify(problem), /http|Signature=|good/)
})

test('the API responds 429 and 503 with Retry-After', async () => {
  const server = await start()
  const times = []
  const record = { run: () => times.push(Date.now()) }
  server.fault('POST /uploads', { status: 429, body: { message: 'Too Many Requests' }, headers: { 'retry-after': '4' }, ...record })
  server.fault('POST /uploads', { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '2' }, ...record })
  assertStoredOnce(server, await client(server).upload(file(1000)), 1000)
  // The tests' clock runs 40 times as fast.
  assert.ok(times[1] - times[0] >= 95, `${times[1] - times[0]} ms`)
})

test('responses of the API are lost', async () => {
  const server = await start()
  for (const route of ['GET /policy', 'POST /uploads', 'GET /uploads/[^/]+']) server.fault(route, { lose: true })
  assertStoredOnce(server, await client(server).upload(file(1000)), 1000)
  assert.equal(server.uploads.size, 1, 'one idempotency key, one id')
})

test('a token is asked for again after a 401, in the middle of a multipart upload', async () => {
  const server = await start()
  let asked = 0
  const token = async () => ((asked += 1), asked === 1 ? 'good' : 'renewed')
  server.fault(`PUT ${part(4)}`, { run: () => (server.tokens = new Set(['renewed'])) })
  const result = await client(server, { token }).upload(file(8 * PART_SIZE))
  assertStoredOnce(server, result, 8 * PART_SIZE)
  assertEachPartOnce(server, 8)
  assert.equal(asked, 2)
})

test('a token that is refused twice fails, and says what to do', async () => {
  const server = await start({ tokens: new Set() })
  let asked = 0
  const { status, problem } = await client(server, { token: () => ((asked += 1), 'bad') }).upload(file(1000))
  assert.deepEqual([status, problem.code, problem.status, asked, server.requests.length], ['failed', 'unauthorized', 401, 2, 2])
  const fixed = await client(server, { token: 'bad' }).upload(file(1000))
  assert.deepEqual([fixed.problem.code, server.requests.length], ['unauthorized', 3])
})

test('the API does not respond', async () => {
  const server = await start()
  await server.stop()
  const { problem } = await client(server).upload(file(1000))
  assert.deepEqual([problem.code, problem.retryable], ['unreachable', true])
})

test('the connection breaks while a part is sent: only that part is sent again', async () => {
  const server = await start()
  server.fault(`PUT ${part(2)}`, { cut: 60_000 })
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assertEachPartOnce(server, 5)
})

test('the response to a stored part is lost: it is not sent again', async () => {
  const server = await start()
  server.fault(`PUT ${part(2)}`, { lose: true })
  server.fault(`PUT ${part(5)}`, { lose: true })
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assertEachPartOnce(server, 5)
})

test("a part's URL has expired: it is signed again", async () => {
  const server = await start()
  server.fault(`PUT ${part(3)}`, { early: 65_536, status: 403, body: expired })
  server.fault(`PUT ${part(1)}`, { status: 403, body: expired })
  server.fault(`PUT ${part(4)}`, { status: 400, body: '<Error><Code>ExpiredToken</Code></Error>' })
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assertEachPartOnce(server, 5)
})

test('URLs that live shorter than the upload takes are signed again before they expire', async () => {
  const server = await start({ urlLifeSeconds: 1 })
  const slow = { run: () => {} }
  server.fault(`PUT ${part('.*')}`, slow, Infinity)
  const result = await client(server, { env: fastEnv(200), concurrency: { max: 1 } }).upload(file(8 * PART_SIZE))
  assertStoredOnce(server, result, 8 * PART_SIZE)
  assert.equal(server.count(`PUT ${part('.*')}`, 403), 0)
})

test('S3 responds 503 to parts', async () => {
  const server = await start()
  server.fault(`PUT ${part('.*')}`, { status: 503, body: slowDown }, 4)
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assertEachPartOnce(server, 5)
})

test('S3 loses the multipart upload: all parts are sent again', async () => {
  const server = await start()
  server.fault(`PUT ${part(4)}`, { run: () => server.sessions.forEach((session) => (session.lost = true)) })
  const result = await client(server).upload(file(6 * PART_SIZE))
  assertStoredOnce(server, result, 6 * PART_SIZE)
  assert.ok(Object.values(server.storedParts()).every((count) => count <= 2), JSON.stringify(server.storedParts()))
})

test('a completion finds a part missing: that part is sent again', async () => {
  const server = await start()
  server.fault('POST /uploads/multipart/[^/]+/complete', { run: () => server.sessions.forEach((session) => session.parts.delete(2)) })
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assert.deepEqual(server.storedParts(), { 1: 1, 2: 2, 3: 1, 4: 1, 5: 1 })
})

test('a completion takes long, and its response is lost', async () => {
  const server = await start()
  server.fault('POST .*/complete', { status: 202, body: { status: 'completing' }, headers: { 'retry-after': '5' } })
  server.fault('POST .*/complete', { lose: true })
  const result = await client(server).upload(file(5 * PART_SIZE))
  assertStoredOnce(server, result, 5 * PART_SIZE)
  assertEachPartOnce(server, 5)
})

async function withStore(run) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  try {
    await run(join(folder, 'uploads.json'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Uploads until `route` was requested, then stops as a crash does: nothing more is sent or stored. */
async function crash(server, route, store, source) {
  let dead = false
  const whileAlive = (work) => (...rest) => (dead ? Promise.reject(new TypeError('the process is dead')) : work(...rest))
  const dyingStore = Object.fromEntries(Object.entries(store).map(([name, work]) => [name, whileAlive(work)]))
  const reached = new Promise((resolve) => server.fault(route, { run: resolve }))
  const task = client(server, { store: dyingStore, fetch: whileAlive(fetch), concurrency: { max: 1 } }).upload(source)
  await reached
  dead = true
  task.cancel()
  await task
  await new Promise((resolve) => setTimeout(resolve, 50))
}

test('a new process resumes a multipart upload: parts that S3 has are not sent again', () =>
  withStore(async (path) => {
    const server = await start()
    const source = file(6 * PART_SIZE)
    await crash(server, `PUT ${part(4)}`, fileStore(path), source)
    const saved = await readFile(path, 'utf8')
    assert.doesNotMatch(saved, /http|Signature|good/)
    const loaded = []
    const result = await client(server, { store: fileStore(path) }).upload(source, { onProgress: (progress) => loaded.push(progress.loaded) })
    assertStoredOnce(server, result, 6 * PART_SIZE)
    assertEachPartOnce(server, 6)
    assert.equal(server.sessions.size, 1)
    assert.ok(loaded.find((bytes) => bytes > 0) >= 3 * PART_SIZE, 'progress starts where the upload stopped')
    assert.equal(await readFile(path, 'utf8'), '{}')
  }))

test('a new process resumes after the file was stored: nothing is sent again', () =>
  withStore(async (path) => {
    const server = await start({ verdictMs: 200 })
    const source = file(50_000)
    await crash(server, 'GET /uploads/[^/]+', fileStore(path), source)
    const result = await client(server, { store: fileStore(path) }).upload(source)
    assertStoredOnce(server, result, 50_000)
    assert.equal(server.count(`PUT ${object}`), 1)
  }))

test('a session that is gone does not stop a new upload of the file', () =>
  withStore(async (path) => {
    const server = await start()
    const source = file(6 * PART_SIZE)
    await crash(server, `PUT ${part(4)}`, fileStore(path), source)
    server.sessions.forEach((session) => (session.state = 'aborted'))
    assertStoredOnce(server, await client(server, { store: fileStore(path) }).upload(source), 6 * PART_SIZE)
    assert.equal(server.sessions.size, 2)
  }))

test('a session without checksums is not resumed with checksums', () =>
  withStore(async (path) => {
    const server = await start()
    const source = file(6 * PART_SIZE)
    await crash(server, `PUT ${part(4)}`, fileStore(path), source)
    const result = await client(server, { store: fileStore(path), checksum: checksums() }).upload(source)
    assertStoredOnce(server, result, 6 * PART_SIZE)
    assert.equal(server.sessions.size, 2)
  }))

test('another file of the same name is not taken for the same upload', () =>
  withStore(async (path) => {
    const server = await start()
    await crash(server, `PUT ${part(4)}`, fileStore(path), file(6 * PART_SIZE))
    const result = await client(server, { store: fileStore(path) }).upload(file(6 * PART_SIZE))
    assert.equal(result.status, 'accepted')
    assert.equal(server.sessions.size, 2)
  }))

test('two files that look the same are two uploads', () =>
  withStore(async (path) => {
    const server = await start()
    const source = file(1000)
    const results = await client(server, { store: fileStore(path) }).upload([source, source])
    assert.equal(new Set(results.map(({ record }) => record.id)).size, 2)
  }))

test('pause keeps the parts, resume sends the rest', async () => {
  const server = await start()
  const uploads = client(server, { concurrency: { max: 2 } })
  const phases = []
  const task = uploads.upload(file(10 * PART_SIZE), { onProgress: ({ phase }) => phases.push(phase) })
  assert.equal(task.pause(), false, 'nothing to keep yet')
  await new Promise((resolve) => server.fault(`PUT ${part(4)}`, { run: resolve }))
  assert.deepEqual([task.pausable, task.pause(), task.paused], [true, true, true])
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = server.requests.length
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(server.requests.length, before, 'a paused upload is silent')
  task.resume()
  assertStoredOnce(server, await task, 10 * PART_SIZE)
  assert.ok(phases.includes('paused'))
  assertEachPartOnce(server, 10)
})

test('cancel aborts the multipart upload at the server', async () => {
  const server = await start()
  const controller = new AbortController()
  server.fault(`PUT ${part(2)}`, { run: () => controller.abort() })
  const result = await client(server).upload(file(6 * PART_SIZE), { signal: controller.signal })
  assert.deepEqual([result.status, result.problem.code], ['failed', 'cancelled'])
  assert.equal([...server.sessions.values()][0].state, 'aborted')
})

test('cancel works at every moment', async () => {
  for (const route of ['GET /policy', 'POST /uploads', `PUT ${object}`, 'GET /uploads/[^/]+']) {
    const server = await start({ verdictMs: 500 })
    const reached = new Promise((resolve) => server.fault(route, { run: resolve }))
    const task = client(server).upload(file(1000))
    await reached
    task.cancel()
    assert.equal((await task).problem?.code, 'cancelled', route)
  }
})

test('an aborted signal sends nothing', async () => {
  const server = await start()
  const result = await client(server).upload(file(1000), { signal: AbortSignal.abort() })
  assert.deepEqual([result.problem.code, server.requests.length], ['cancelled', 0])
})

test('checksums are sent with a file and with each part', async () => {
  const server = await start()
  const uploads = client(server, { checksum: checksums() })
  assert.equal((await uploads.upload(file(1000))).status, 'accepted')
  const result = await uploads.upload(file(5 * PART_SIZE))
  assert.equal(result.status, 'accepted', JSON.stringify(result))
  assert.equal([...server.sessions.values()][0].partChecksum, 'crc64nvme')
  assert.match([...server.uploads.values()][0].json.checksum.value, /^.{11}=$/)
  assertEachPartOnce(server, 5)
})

test('a checksum worker that does not start is done without', async () => {
  const server = await start()
  globalThis.Worker = class {
    postMessage() {
      setTimeout(() => this.onerror())
    }
  }
  try {
    const uploads = client(server, { checksum: checksums({ worker: () => new Worker() }) })
    assert.equal((await uploads.upload(file(1000))).status, 'accepted')
    assert.equal((await uploads.upload(file(5 * PART_SIZE))).status, 'accepted')
  } finally {
    delete globalThis.Worker
  }
})

test('cancel does not wait for a token', async () => {
  const server = await start()
  const task = client(server, { token: () => new Promise(() => {}) }).upload(file(1000))
  setTimeout(() => task.cancel(), 20)
  assert.equal((await task).problem.code, 'cancelled')
})

test('a verdict that does not come in time', async () => {
  const server = await start({ verdictMs: 1e9 })
  const { status, problem, id } = await client(server, { verdictTimeout: 5_000 }).upload(file(1000))
  assert.deepEqual([status, problem.code], ['failed', 'no-verdict'])
  assert.ok(server.uploads.has(id))
})

test('a file on disk is read as it is sent', () =>
  withStore(async (path) => {
    const server = await start()
    const { writeFile } = await import('node:fs/promises')
    const image = path.replace('.json', '.png')
    await writeFile(image, Buffer.alloc(5 * PART_SIZE, randomUUID()))
    assertStoredOnce(server, await client(server).upload(await openFile(image)), 5 * PART_SIZE)
    const source = await openFile(image)
    await writeFile(image, 'changed')
    const { problem } = await client(server).upload(source)
    assert.equal(problem.code, 'file-unreadable')
  }))

test('an error in a listener does not stop the upload', async () => {
  const server = await start()
  const errors = []
  const handlers = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error.message))
  try {
    const result = await client(server).upload(file(1000), {
      onProgress: () => {
        throw new Error('listener')
      },
    })
    assert.equal(result.status, 'accepted')
    await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    process.removeAllListeners('uncaughtException')
    handlers.forEach((handler) => process.on('uncaughtException', handler))
  }
  assert.ok(errors.every((message) => message === 'listener') && errors.length > 0)
})
