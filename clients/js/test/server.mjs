// A fake API and a fake S3 in one HTTP server, with faults that a test injects.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

import { fileStore } from '../dist/store-node.js'
import { createClient } from '../dist/index.js'

export const PART_SIZE = 256_000
/** How much faster than the real clock the tests' clock runs. */
const SPEED = 40

/** Types of extensions. Without one the fake server takes a file for a picture. */
const TYPES = { csv: 'text/csv', geojson: 'application/json' }
const grantedType = ({ filename, contentType }) => TYPES[filename.split('.').pop()] ?? (contentType || 'image/png')

export const REASON = { code: 'executable', detail: 'This is a program for tests.', evidence: 'an MZ header' }

export class FakeServer {
  /** Every request: { method, path, status, body } */
  requests = []
  uploads = new Map()
  sessions = new Map()
  #idempotency = new Map()
  #faults = []
  tokens = new Set(['good'])
  verdictMs = 20
  urlLifeSeconds = 900
  batchRoutes = false
  /** Results in one response of the batch route. */
  batchRoom = Infinity
  largestBatch = 0
  policy = {
    default: {
      allow: [
        { types: ['picture'], extensions: ['png', 'jpg'], min: 1, max: 5_000_000_000 },
        { types: ['application/json'], extensions: ['json', 'geojson'], min: 1, max: 5_000_000 },
        { types: ['text'], extensions: ['txt', 'log', 'csv'], min: 1, max: 5_000_000_000 },
      ],
      singleRequestMax: 5_000_000_000,
      multipartFrom: 1_000_000,
      urlLifeSeconds: 900,
      checksumRequired: false,
      metadata: ['album'],
      declared: 'hint',
    },
  }

  static async start(setup = {}) {
    const server = Object.assign(new FakeServer(), setup)
    server.http = createServer((request, response) => server.#handle(request, response).catch((error) => response.destroy(error)))
    await new Promise((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    server.url = `http://127.0.0.1:${server.http.address().port}`
    return server
  }

  async stop() {
    this.http.closeAllConnections()
    await new Promise((resolve) => this.http.close(resolve))
  }

  /**
   * Injects a fault for the next `times` requests that match "METHOD /pattern".
   * { status, headers, body }: the response, after the request was read. { early: bytes }: it is sent and the connection
   * closed after so many bytes of the body. { cut: bytes }: the connection breaks after so many bytes. { lose: true }: the
   * request takes effect, but its response is lost. { run }: called first.
   * { hideFromPage: true }: a response without CORS headers. { store: true }: the body takes effect first.
   */
  fault(route, fault, times = 1) {
    const [method, pattern] = route.split(' ')
    const entry = { method, pattern: new RegExp(`^${pattern}$`), times, used: 0, ...fault }
    this.#faults.push(entry)
    return entry
  }

  count(route, status) {
    const [method, pattern] = route.split(' ')
    return this.requests.filter((request) => request.method === method && new RegExp(`^${pattern}$`).test(request.path) && (!status || request.status === status)).length
  }

  /** How often each part was stored. */
  storedParts() {
    const counts = {}
    for (const { method, path, status } of this.requests) {
      const part = method === 'PUT' && /^\/s3\/part\/[^/]+\/(\d+)$/.exec(path)
      if (part && status === 200) counts[part[1]] = (counts[part[1]] ?? 0) + 1
    }
    return counts
  }

  get apiRequests() {
    return this.requests.filter(({ path }) => !path.startsWith('/s3/')).length
  }

  async #handle(request, response) {
    const url = new URL(request.url, this.url)
    const entry = { method: request.method, path: url.pathname, status: 0 }
    this.requests.push(entry)
    response.on('error', () => {})
    request.on('error', () => {})
    const fault = request.method === 'OPTIONS' ? undefined : this.#faults.find((fault) => fault.used < fault.times && fault.method === request.method && fault.pattern.test(url.pathname))
    if (fault) fault.used += 1
    fault?.run?.()
    const cors = this.#cors(request, url)
    if (request.method === 'OPTIONS') {
      this.requests.pop()
      return response.writeHead(cors ? 204 : 403, cors).end()
    }
    const send = (status, body, headers = {}) => {
      entry.status = status
      if (fault?.lose) return request.socket.destroy()
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const type = typeof body === 'string' ? 'application/xml' : status >= 400 ? 'application/problem+json' : 'application/json'
      response.writeHead(status, { 'content-type': type, ...(!fault?.hideFromPage && cors), ...headers }).end(text)
    }
    if (fault?.early !== undefined || fault?.cut !== undefined) {
      if (fault.store) this.#storeEarly(url)
      await readUntil(request, fault.early ?? fault.cut)
      if (fault.cut !== undefined) return request.socket.destroy()
      entry.status = fault.status
      response.writeHead(fault.status, { connection: 'close', 'content-type': 'application/xml', ...cors, ...fault.headers }).end(fault.body ?? '')
      // S3 closes the connection while the client is still sending.
      return setTimeout(() => request.socket.destroy(), 5)
    }
    const body = await readAll(request)
    if (fault?.status) return send(fault.status, fault.body ?? {}, fault.headers)
    if (url.pathname.startsWith('/s3/')) return this.#s3(request, url, body, send)
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (!this.tokens.has(token)) return send(401, { message: 'Unauthorized' })
    const json = body.length > 0 ? JSON.parse(body) : undefined
    return this.#api(request, url, json, send)
  }

  /** The CORS settings of template.yaml, and undefined for a preflight that they refuse. */
  #cors(request, url) {
    const { origin, 'access-control-request-headers': wanted = '', 'access-control-request-method': method = request.method } = request.headers
    if (!origin) return undefined
    const isS3 = url.pathname.startsWith('/s3/')
    const allowed = isS3 ? /^(content-type|if-none-match|x-amz-.*)$/ : /^(authorization|content-type|idempotency-key)$/
    const methods = isS3 ? ['PUT', 'POST', 'GET', 'HEAD'] : ['GET', 'POST', 'DELETE']
    if (!methods.includes(method) && method !== 'OPTIONS') return undefined
    if (wanted.split(',').some((name) => name && !allowed.test(name.trim()))) return undefined
    return { 'access-control-allow-origin': origin, 'access-control-allow-methods': methods.join(), 'access-control-allow-headers': wanted, 'access-control-expose-headers': isS3 ? 'ETag' : 'retry-after', 'access-control-max-age': '600' }
  }

  #problem(send, status, code, detail = code) {
    send(status, { type: `urn:sluice:${code}`, title: code, status, code, detail })
  }

  #api(request, url, json, send) {
    const route = `${request.method} ${url.pathname}`
    const problem = (...rest) => this.#problem(send, ...rest)
    const key = request.headers['idempotency-key']
    if (route === 'GET /policy') {
      const name = url.searchParams.get('class')
      if (!this.policy[name]) return problem(422, 'unknown-class', `there is no class ${JSON.stringify(name)}`)
      return send(200, { classes: { [name]: this.policy[name] } })
    }
    if (route === 'POST /uploads') {
      const result = this.#grant(json, key)
      return result.grant ? send(201, result.grant) : send(result.problem.status, result.problem)
    }
    if (route === 'POST /uploads/batch') {
      if (!this.batchRoutes) return send(404, { message: 'Not Found' })
      this.largestBatch = Math.max(this.largestBatch, json.uploads.length)
      const results = json.uploads.slice(0, this.batchRoom).map((upload, index) => this.#grant(upload, `${key} ${index}`))
      return send(200, { results, ...(results.length < json.uploads.length && { next: results.length }) })
    }
    if (route === 'POST /uploads/status') {
      if (!this.batchRoutes) return send(404, { message: 'Not Found' })
      const results = json.ids.map((id) => {
        const record = this.#record(id)
        return record && ['accepted', 'rejected'].includes(record.status) ? { id, status: record.status, upload: record } : { id, status: 'pending' }
      })
      return send(200, { results })
    }
    if (route === 'POST /uploads/multipart') {
      const known = this.#idempotency.get(key)
      const session = known ?? this.#open(json)
      if (key) this.#idempotency.set(key, session)
      return send(201, { id: session.id, sessionId: session.id, partSize: PART_SIZE, partCount: session.count, expiresAt: this.#expiry(), contentType: grantedType(json), parts: json.partChecksum ? [] : this.#sign(session, [1, 2, 3].filter((n) => n <= session.count)) })
    }
    const [, sessionId, action] = /^\/uploads\/multipart\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? []
    if (sessionId) return this.#session(request, this.sessions.get(sessionId), action, json, send)
    const [, id] = /^\/uploads\/([^/]+)$/.exec(url.pathname) ?? []
    if (request.method === 'GET' && id) {
      const record = this.#record(id)
      return record ? send(200, record) : problem(404, 'not-received')
    }
    return send(404, { message: 'Not Found' })
  }

  #session(request, session, action, json, send) {
    const problem = (...rest) => this.#problem(send, ...rest)
    if (!session) return problem(404, 'session-not-found')
    if (request.method === 'DELETE') {
      session.state = 'aborted'
      return send(200, { id: session.id, sessionId: session.id, status: 'aborted' })
    }
    if (session.state === 'aborted') return problem(410, 'session-closed')
    if (request.method === 'GET' && action === 'parts') {
      if (session.lost) Object.assign(session, { lost: false, parts: new Map() })
      return send(200, { parts: [...session.parts].map(([partNumber, part]) => ({ partNumber, etag: '"e"', size: part.length })) })
    }
    if (action === 'parts') {
      if (session.state === 'completed') return problem(409, 'session-completed')
      const wrong = json.partNumbers.find((n) => n < 1 || n > session.count)
      if (wrong !== undefined) return problem(422, 'invalid-part')
      if (session.partChecksum && json.partNumbers.some((n) => !json.checksums?.[n])) return problem(422, 'checksum-required')
      return send(200, { parts: this.#sign(session, json.partNumbers, json.checksums) })
    }
    if (action === 'complete') {
      if (session.state !== 'completed') {
        const missing = Array.from({ length: session.count }, (_, index) => index + 1).filter((n) => session.parts.get(n)?.length !== session.sizeOf(n))
        if (missing.length > 0) return problem(409, 'parts-missing', `parts ${missing} are missing`)
        session.state = 'completed'
        this.#store(session.id, session.request, Buffer.concat([...session.parts].sort(([a], [b]) => a - b).map(([, part]) => part)))
      }
      return send(200, { id: session.id, sessionId: session.id, status: 'validating' })
    }
    return send(404, { message: 'Not Found' })
  }

  #open(json) {
    const id = randomUUID()
    const count = Math.max(1, Math.ceil(json.size / PART_SIZE))
    const sizeOf = (n) => Math.min(PART_SIZE, json.size - (n - 1) * PART_SIZE)
    const session = { id, request: json, count, sizeOf, parts: new Map(), state: 'open', partChecksum: json.partChecksum }
    this.sessions.set(id, session)
    return session
  }

  #sign(session, numbers, checksums = {}) {
    return numbers.map((n) => {
      const checksum = checksums[n] && { [`x-amz-checksum-${session.partChecksum}`]: checksums[n] }
      return { partNumber: n, url: this.#signed(`/s3/part/${session.id}/${n}`), headers: { 'content-length': String(session.sizeOf(n)), ...checksum }, size: session.sizeOf(n), expiresAt: this.#expiry() }
    })
  }

  #signed(path) {
    return `${this.url}${path}?X-Amz-Date=${Date.now()}&X-Amz-Expires=${this.urlLifeSeconds}&X-Amz-Signature=${randomUUID()}`
  }

  #expiry() {
    return new Date(Date.now() + this.urlLifeSeconds * 1000).toISOString()
  }

  #grant(json, key) {
    const limits = this.policy[json.class ?? 'default']
    const refuse = (code, values) => ({ problem: { type: `urn:sluice:${code}`, title: code, status: 422, code, detail: `refused: ${code}`, ...values } })
    if (json.filename.includes('.exe.')) return refuse('name-not-allowed', { actual: 'double-extension' })
    if (json.size > limits.singleRequestMax) return refuse('use-multipart', { actual: json.size, limit: limits.singleRequestMax })
    const rule = limits.allow.find(({ extensions }) => extensions.includes(json.filename.split('.').pop()))
    if (json.size > rule?.max) return refuse('too-large', { actual: json.size, limit: rule.max })
    if (json.filename.endsWith('.mp4')) return refuse('type-not-allowed', { actual: json.contentType, allowed: limits.allow.flatMap(({ extensions }) => extensions) })
    const known = key && this.#idempotency.get(key)
    if (known && JSON.stringify(known.json) !== JSON.stringify(json)) return refuse('idempotency-key-reused')
    const id = known?.id ?? randomUUID()
    if (key) this.#idempotency.set(key, { id, json })
    this.uploads.set(id, this.uploads.get(id) ?? { json, versions: 0 })
    const checksum = json.checksum && { [`x-amz-checksum-${json.checksum.algorithm}`]: json.checksum.value }
    const headers = { 'content-length': String(json.size), 'content-type': grantedType(json), 'if-none-match': '*', 'x-amz-meta-sluice': 'grant', ...checksum }
    return { grant: { id, method: 'PUT', url: this.#signed(`/s3/object/${id}`), headers, expiresAt: this.#expiry(), contentType: grantedType(json), ...(json.size >= limits.multipartFrom && { multipartRecommended: true }) } }
  }

  #s3(request, url, body, send) {
    const error = (status, code, message = code) => send(status, `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
    if (Date.now() > Number(url.searchParams.get('X-Amz-Date')) + 1000 * Number(url.searchParams.get('X-Amz-Expires'))) return error(403, 'AccessDenied', 'Request has expired')
    if (request.headers['transfer-encoding']) return error(411, 'MissingContentLength')
    const [, kind, id, number] = /^\/s3\/(object|part)\/([^/]+)(?:\/(\d+))?$/.exec(url.pathname)
    if (kind === 'object') {
      const { json, stored } = this.uploads.get(id)
      const expected = { 'content-length': String(json.size), 'content-type': grantedType(json), 'if-none-match': '*', 'x-amz-meta-sluice': 'grant' }
      if (Object.entries(expected).some(([name, value]) => request.headers[name] !== value)) return error(403, 'SignatureDoesNotMatch')
      if (stored) return error(412, 'PreconditionFailed')
      this.#store(id, json, body)
      return send(200, '')
    }
    const session = this.sessions.get(id)
    if (session.state !== 'open' || session.lost) return error(404, 'NoSuchUpload')
    if (body.length !== session.sizeOf(Number(number))) return error(403, 'SignatureDoesNotMatch')
    session.parts.set(Number(number), body)
    return send(200, '', { etag: '"e"' })
  }

  /** The object or part of this URL arrived with an earlier request. */
  #storeEarly(url) {
    const [, kind, id, number] = /^\/s3\/(object|part)\/([^/]+)(?:\/(\d+))?$/.exec(url.pathname)
    if (kind === 'object') this.#store(id, this.uploads.get(id).json, Buffer.alloc(this.uploads.get(id).json.size))
    else this.sessions.get(id).parts.set(Number(number), Buffer.alloc(this.sessions.get(id).sizeOf(Number(number))))
  }

  #store(id, json, body) {
    const entry = this.uploads.get(id) ?? {}
    this.uploads.set(id, { ...entry, json, stored: true, size: body.length, storedAt: Date.now(), versions: (entry.versions ?? 0) + 1, isProgram: body.subarray(0, 2).toString() === 'MZ', ...(this.keepsBodies && { body }) })
  }

  #record(id) {
    const upload = this.uploads.get(id)
    const session = this.sessions.get(id)
    const common = { id, reasons: [], findings: [], bucket: 'b', key: `1/${id}`, createdAt: '2026-11-22T09:30:15Z' }
    if (!upload?.stored) return session?.state === 'open' ? { ...common, status: 'uploading' } : undefined
    const declared = { size: upload.json.size, contentType: upload.json.contentType }
    const granted = grantedType(upload.json)
    const record = { ...common, filename: upload.json.filename, metadata: upload.json.metadata, declared, ...(granted !== declared.contentType && { grantedType: granted }) }
    if (Date.now() - upload.storedAt < this.verdictMs) return { ...record, status: 'validating' }
    const observed = { size: upload.size, contentType: granted }
    return upload.isProgram ? { ...record, observed, status: 'rejected', reasons: [REASON] } : { ...record, observed, status: 'accepted' }
  }
}

async function readAll(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function readUntil(request, bytes) {
  return new Promise((resolve) => {
    let count = 0
    const onData = (chunk) => {
      count += chunk.length
      if (count >= bytes) done()
    }
    const done = () => {
      request.off('data', onData)
      request.pause()
      resolve()
    }
    request.on('data', onData)
    request.on('end', done)
    if (bytes === 0) done()
  })
}

/** A clock that is faster than the real one, so that pauses are short. */
export function fastEnv(factor = SPEED) {
  const start = Date.now()
  return {
    now: () => start + (Date.now() - start) * factor,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const abort = () => (clearTimeout(timer), reject(Object.assign(new Error('cancelled'), { name: 'AbortError' })))
        const timer = setTimeout(() => (signal?.removeEventListener('abort', abort), resolve()), ms / factor)
        if (signal?.aborted) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      }),
  }
}

export const client = (server, options = {}) => createClient({ api: server.url, token: 'good', env: fastEnv(), ...options })

let fileCount = 0
/** A file with content that differs from all others. */
export function file(size, { name = 'photo.png', type = 'image/png', program = false, lastModified = 1_790_000_000_000 } = {}) {
  const bytes = Buffer.alloc(size, `${program ? 'MZ' : ''}${(fileCount += 1)} `)
  return new File([bytes], name, { type, lastModified })
}

export { fileStore }
