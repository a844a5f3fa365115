// CORS in Chromium with its own preflights, to the API and to the bucket, from an allowed origin and from another one.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { alice, browser, close, openUppy, page, png, stack, waitForVerdict } from './fixture.mjs'

let allowed, foreign
before(async () => {
  allowed = await openUppy(6)
  // The same server under another host name is another origin.
  const { port } = new URL(page)
  const context = await (await browser()).newContext()
  foreign = await context.newPage()
  await foreign.goto(`http://elsewhere.localhost:${port}/uppy6.html`)
})
after(close)

/** Sends a request from the page. Returns status, body and headers, or undefined if CORS blocks it. */
function request(tab, url, options) {
  return tab.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options).catch(() => undefined)
      const headers = response && Object.fromEntries(response.headers)
      return response && { status: response.status, text: await response.text(), headers }
    },
    [url, options],
  )
}

const bearer = { authorization: `Bearer ${alice.token}` }
const json = { ...bearer, 'content-type': 'application/json' }
const uploadRequest = JSON.stringify({ filename: 'a.png', contentType: 'image/png', size: png.length })

/** Requests to the API, with and without a preflight, and the expected status. */
const calls = [
  ['a query with a token', '/s3/params?filename=a.png', { headers: bearer }, 200],
  ['the headers of version 5', '/s3/params?filename=a.png', { headers: { ...bearer, accept: 'application/json' } }, 200],
  ['the headers of version 2', '/s3/params?filename=a.png', { headers: { ...bearer, 'uppy-auth-token': 'x', 'uppy-versions': '@uppy/companion-client=1' } }, 200],
  ['a body with an idempotency key', '/uploads', { method: 'POST', headers: { ...json, 'idempotency-key': 'cors' }, body: uploadRequest }, 201],
  ['a problem response', '/s3/params?filename=a.exe', { headers: bearer }, 422],
  ['a problem response to a body', '/uploads', { method: 'POST', headers: json, body: '{' }, 400],
  ['a deletion', '/uploads/01900000-0000-7000-8000-000000000000', { method: 'DELETE', headers: bearer }, 404],
]

for (const [what, path, options, status] of calls) {
  test(`the API allows the page's origin and no other: ${what}`, async () => {
    const response = await request(allowed, stack.apiUrl + path, options)
    assert.equal(response?.status, status, response?.text)
    assert.equal(await request(foreign, stack.apiUrl + path, options), undefined)
  })
}

test('a header that is not on the allow list is blocked', async () => {
  const options = { headers: { ...bearer, 'x-not-allowed': '1' } }
  assert.equal(await request(allowed, `${stack.apiUrl}/s3/params?filename=a.png`, options), undefined)
})

/** Uploads from the page with a POST form or a presigned URL. Returns the response, or undefined if CORS blocks it. */
function send(tab, grant, content) {
  return tab.evaluate(
    async ([grant, base64]) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
      let [body, headers] = [bytes, { ...grant.headers }]
      if (grant.method === 'POST') {
        body = new FormData()
        for (const [name, value] of Object.entries(grant.fields)) body.append(name, value)
        body.append('file', new Blob([bytes]))
      }
      delete headers['content-length']
      const response = await fetch(grant.url, { method: grant.method, headers, body }).catch(() => undefined)
      return response && { status: response.status, text: await response.text(), etag: response.headers.get('etag'), location: response.headers.get('location') }
    },
    [grant, Buffer.from(content).toString('base64')],
  )
}

for (const [what, path] of [
  ['a POST form', '/s3/params?filename=a.png&metadata[size]=' + png.length],
  ['a presigned URL', '/s3/params?method=PUT&filename=a.png&metadata[size]=' + png.length],
]) {
  test(`the bucket allows the page's origin and no other: ${what}`, async () => {
    const grant = async () => JSON.parse((await request(allowed, stack.apiUrl + path, { headers: bearer })).text)
    assert.equal(await send(foreign, await grant(), png), undefined)
    const refused = await send(allowed, await grant(), Buffer.concat([png, png]))
    assert.ok([400, 403].includes(refused?.status), 'the page can read an error of the bucket')
    assert.match(refused.text, /<Code>/)
    const valid = await grant()
    const uploaded = await send(allowed, valid, png)
    const key = valid.fields.key ?? new URL(valid.url).pathname
    assert.ok([200, 201].includes(uploaded?.status), uploaded?.text)
    assert.ok(uploaded.etag, 'ETag is exposed')
    // S3 sends Location only for a POST form.
    if (valid.method === 'POST') assert.ok(decodeURIComponent(uploaded.location ?? '').endsWith(key), `Location is exposed: ${uploaded.location}`)
    // The headers that Chromium adds must not lead to a rejection.
    assert.equal((await waitForVerdict({ errors: [], successes: [{ key }] })).status, 'accepted')
  })
}
