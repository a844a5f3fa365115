// A stub of the API and of S3: S3 refuses an upload after 64 KB and closes the connection.

import { createServer } from 'node:net'

const READ_LIMIT = 64 * 1024
const ID = '01a20297-88d3-7c41-9f0e-3b5d2a84c6e7'
const KEY = `1/7/2026-11-22/alice~ffec345bbdc185a2/${ID}`
const CODES = { 403: 'AccessDenied', 412: 'PreconditionFailed' }
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-methods': '*', 'access-control-allow-headers': '*, authorization', 'access-control-expose-headers': 'etag, location' }
const POLICY = { classes: { default: { allow: [{ types: ['*/*'], extensions: ['png', 'bin'], min: 1, max: 50_000_000 }], multipartFrom: 100_000_000, singleRequestMax: 5_000_000_000 } } }

/**
 * Starts the stub. `close` is how S3 ends the connection after its early response: `fin` (the client can read the response),
 * `rst`, or `silent` (a reset without a response). `stored`: whether S3 has the object in spite of the refusal.
 * `healthy`: the number of the first request that S3 stores.
 */
export async function startStub({ status, close, stored, healthy = Infinity }) {
  const seen = { uploads: 0, records: 0, grants: 0, log: [] }
  const sockets = new Set()
  let hasObject = false
  let recordsFail = false
  let polls = 0

  const api = (method, path) => {
    if (method === 'OPTIONS') return [204]
    if (path === '/policy') return [200, POLICY]
    if (path === `/uploads/${ID}/content`) return [200, { url: `${stub.url}/content` }]
    if (path === `/uploads/${ID}`) {
      seen.records += 1
      if (recordsFail) return [500, { code: 'internal', message: 'try again' }]
      if (!hasObject) return [404, { code: 'not-received', detail: 'nothing has arrived for this id', message: 'nothing has arrived for this id' }]
      const record = { id: ID, filename: 'photo.bin', declared: { contentType: 'application/octet-stream' }, observed: { size: 1, contentType: 'application/octet-stream' }, reasons: [], findings: [] }
      return [200, { ...record, status: (polls += 1) > 1 ? 'accepted' : 'validating' }]
    }
    const expiresAt = new Date(Date.now() + 900_000).toISOString()
    const fields = { key: KEY, success_action_status: '201' }
    const form = { method: 'POST', url: `${stub.url}/bucket/`, fields, expires: 900 }
    seen.grants += 1
    if (path === '/uploads') return [201, { id: ID, method: 'PUT', url: `${stub.url}/bucket/${KEY}`, headers: { 'content-length': '0', 'if-none-match': '*' }, expiresAt }]
    if (path === '/s3/sign') return [200, { ...form, key: KEY }]
    if (path === '/s3/params') return [200, form]
    return [404, { code: 'not-found', message: 'no such route' }]
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let head = ''
    let body = 0
    let [upload, isForm] = []
    let answered = false
    socket.on('data', (chunk) => {
      if (answered) return
      let start = 0
      if (upload === undefined) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        start = chunk.length - (head.length - end - 4)
        const [method, path] = head.split(' ')
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
        upload = method !== 'OPTIONS' && path.startsWith('/bucket/') && { length }
        isForm = method === 'POST'
        if (upload) seen.uploads += 1
        else upload = { length, respond: () => respond(...api(method, path.split('?')[0])) }
        seen.log.push(`${method} ${path.split('?')[0]}`)
        if (/\r\nexpect: 100-continue/i.test(head)) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      }
      body += chunk.length - start
      if (upload.respond) {
        if (body >= upload.length) (answered = true), upload.respond()
      } else if (seen.uploads >= healthy) {
        if (body >= upload.length) (answered = true), (hasObject = true), respond(isForm ? 201 : 200, '', { etag: '"e"', location: `${stub.url}/bucket/${KEY}` })
      } else if (body >= Math.min(READ_LIMIT, upload.length)) {
        answered = true
        hasObject = stored
        refuse()
      }
    })

    const respond = (code, content = '', headers = {}) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      const all = { ...CORS, 'content-type': typeof content === 'string' ? 'application/xml' : 'application/json', 'content-length': Buffer.byteLength(text), connection: 'close', ...headers }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(`HTTP/1.1 ${code} x\r\n${lines.join('')}\r\n${text}`)
    }
    const refuse = () => {
      if (close === 'silent') return socket.resetAndDestroy()
      respond(status, `<Error><Code>${CODES[status]}</Code><Message>m</Message></Error>`)
      // The response is handed to the network before the reset, which can still discard it.
      if (close === 'rst') setImmediate(() => socket.resetAndDestroy())
    }
  })
  // A failed test must not keep the process alive.
  server.unref()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const stop = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const stub = {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    stop,
    /** From now on S3 stores what it receives. */
    heal: () => (healthy = 0),
    /** The object of a refused request appears. */
    store: () => (hasObject = true),
    failRecords: (fail) => (recordsFail = fail),
  }
  return stub
}

/** Every way in which the stub ends an upload. */
export const REFUSALS = [403, 412].flatMap((status) => ['fin', 'rst', 'silent'].map((close) => ({ status, close })))
