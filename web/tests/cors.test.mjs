// CORS as Chromium does it: its own preflights, to the API and to the bucket, from our page and from a stranger's.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { alice, bare, browser, close, page, png, stack, verdict } from './world.mjs'

let ours, strangers
before(async () => {
  ours = await bare(6)
  // The same server under another name is another origin.
  const { port } = new URL(page)
  const context = await (await browser()).newContext()
  strangers = await context.newPage()
  await strangers.goto(`http://elsewhere.localhost:${port}/bare6.html`)
})
after(close)

/** What a script in the page gets to see: status and body, or nothing. */
function request(tab, url, options) {
  return tab.evaluate(
    async ([url, options]) => {
      const answer = await fetch(url, options).catch(() => undefined)
      const headers = answer && Object.fromEntries(answer.headers)
      return answer && { status: answer.status, text: await answer.text(), headers }
    },
    [url, options],
  )
}

const bearer = { authorization: `Bearer ${alice.token}` }
const json = { ...bearer, 'content-type': 'application/json' }
const wish = JSON.stringify({ filename: 'a.png', contentType: 'image/png', size: png.length })

/** Requests to the API that need a preflight, or none, and the answers they get. */
const calls = [
  ['a query with a token', '/s3/params?filename=a.png', { headers: bearer }, 200],
  ['what version 5 sends', '/s3/params?filename=a.png', { headers: { ...bearer, accept: 'application/json' } }, 200],
  ['what version 2 sends', '/s3/params?filename=a.png', { headers: { ...bearer, 'uppy-auth-token': 'x', 'uppy-versions': '@uppy/companion-client=1' } }, 200],
  ['a body with an idempotency key', '/uploads', { method: 'POST', headers: { ...json, 'idempotency-key': 'cors' }, body: wish }, 201],
  ['a refusal of ours', '/s3/params?filename=a.exe', { headers: bearer }, 422],
  ['a refusal of a body', '/uploads', { method: 'POST', headers: json, body: '{' }, 400],
  ['a deletion', '/uploads/01900000-0000-7000-8000-000000000000', { method: 'DELETE', headers: bearer }, 404],
]

for (const [what, path, options, status] of calls) {
  test(`the API answers our page and no stranger's: ${what}`, async () => {
    const answer = await request(ours, stack.apiUrl + path, options)
    assert.equal(answer?.status, status, answer?.text)
    assert.equal(await request(strangers, stack.apiUrl + path, options), undefined)
  })
}

test('a header that nobody named is not let through', async () => {
  const options = { headers: { ...bearer, 'x-unheard-of': '1' } }
  assert.equal(await request(ours, `${stack.apiUrl}/s3/params?filename=a.png`, options), undefined)
})

/** What S3 answers to a form or a URL, as a page sees it. */
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
      const answer = await fetch(grant.url, { method: grant.method, headers, body }).catch(() => undefined)
      return answer && { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag'), location: answer.headers.get('location') }
    },
    [grant, Buffer.from(content).toString('base64')],
  )
}

for (const [what, path] of [
  ['a form', '/s3/params?filename=a.png&metadata[size]=' + png.length],
  ['a URL', '/s3/params?method=PUT&filename=a.png&metadata[size]=' + png.length],
]) {
  test(`the bucket answers our page and no stranger's: ${what}`, async () => {
    const grant = async () => JSON.parse((await request(ours, stack.apiUrl + path, { headers: bearer })).text)
    assert.equal(await send(strangers, await grant(), png), undefined)
    const refused = await send(ours, await grant(), Buffer.concat([png, png]))
    assert.ok([400, 403].includes(refused?.status), 'a refusal of the bucket can be read')
    assert.match(refused.text, /<Code>/)
    const good = await grant()
    const taken = await send(ours, good, png)
    const key = good.fields.key ?? new URL(good.url).pathname
    assert.ok([200, 201].includes(taken?.status), taken?.text)
    assert.ok(taken.etag, 'ETag is exposed')
    // S3 says where a form's object lies, and of a PUT everybody knows.
    if (good.method === 'POST') assert.ok(decodeURIComponent(taken.location ?? '').endsWith(key), `Location is exposed: ${taken.location}`)
    // Whatever headers Chromium added by itself.
    assert.equal((await verdict({ errors: [], successes: [{ key }] })).status, 'accepted')
  })
}
