// S3 refuses an upload after 64 KB and closes the connection: the documents' examples in Node and in Chromium, and the demo page.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { choose, demo } from './demo.mjs'
import { REFUSALS, startStub } from './early-stub.mjs'
import { browser, close, openUppy, together } from './fixture.mjs'

const SIZE = 8 << 20
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sluice-'))
const file = join(folder, 'photo.bin')
writeFileSync(file, Buffer.alloc(SIZE, 'Files go straight to S3\n'))
// A page of this machine: Chromium does not let a page of another network send requests to this machine.
const pages = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'))
before(() => new Promise((done) => pages.listen(0, '127.0.0.1', done)))
after(async () => {
  rmSync(folder, { recursive: true })
  pages.close()
  pages.closeAllConnections()
  await close()
})

/** The first code block of a language that mentions uploads, as tests/it/examples.rs finds it. */
function example(document, language) {
  const blocks = readFileSync(join(root, document), 'utf8').split(`\`\`\`${language}\n`).slice(1)
  return blocks.map((rest) => rest.split('\n```')[0]).find((block) => block.includes('uploads'))
}

/** Runs a program until it ends. */
async function run(program, args, env) {
  const child = spawn(program, args, { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (err += data))
  const code = await new Promise((done) => child.on('close', done))
  return { code, out, err }
}

const nodeScript = (document) => `
  import { readFileSync } from 'node:fs'
  import { File } from 'node:buffer'
  ${example(document, 'js')}
  const file = new File([readFileSync(process.env.FILE)], 'photo.bin', { type: 'application/octet-stream' })
  try { console.log(JSON.stringify(await upload(process.env.API, 'token', file))) } catch (error) { console.error(error.message); process.exitCode = 1 }`

/** The examples: how each is run, and how often it sends the file at most. */
const examples = {
  'README.md in Node': [(env) => run('node', ['--input-type=module', '--eval', nodeScript('README.md')], env), 1],
  'docs/CLIENTS.md in Node': [(env) => run('node', ['--input-type=module', '--eval', nodeScript('docs/CLIENTS.md')], env), 4],
  'docs/CLIENTS.md with curl': [(env) => run('bash', ['-eu', '-c', example('docs/CLIENTS.md', 'sh')], env), 4],
  'docs/CLIENTS.md with Python': [(env) => run('python3', ['-c', example('docs/CLIENTS.md', 'python')], env), 4],
  'README.md in Chromium': [(env) => inChromium('README.md', env), 1],
  'docs/CLIENTS.md in Chromium': [(env) => inChromium('docs/CLIENTS.md', env), 4],
}

/** Runs an example's `upload` in a page of its own origin. */
async function inChromium(document, { API }) {
  const context = await (await browser()).newContext()
  const tab = await context.newPage()
  await tab.goto(`http://127.0.0.1:${pages.address().port}`)
  const result = await tab.evaluate(
    async ([code, api, size]) => {
      const file = new File([new Uint8Array(size)], 'photo.bin', { type: 'application/octet-stream' })
      const upload = new Function(`${code}; return upload`)()
      return upload(api, 'token', file).then((record) => ({ code: 0, out: JSON.stringify(record), err: '' }), ({ message }) => ({ code: 1, out: '', err: message }))
    },
    [example(document, 'js'), API, SIZE],
  )
  await context.close()
  return result
}

together('examples of the documents', () => {
  for (const [name, [upload, maxSends]] of Object.entries(examples)) {
    test(`S3 refuses early and has the file: ${name}`, async () => {
      await Promise.all(REFUSALS.map(async (refusal) => {
        const stub = await startStub({ ...refusal, stored: true })
        const { code, out, err } = await upload({ API: stub.url, TOKEN: 'token', FILE: file })
        stub.stop()
        const what = JSON.stringify({ refusal, out, err, seen: stub.seen })
        assert.equal(code, 0, what)
        assert.equal(JSON.parse(out).status, 'accepted', what)
        assert.equal(stub.seen.uploads, 1, what)
      }))
    })

    test(`S3 refuses early and does not have the file: ${name}`, async () => {
      await Promise.all(REFUSALS.map(async (refusal) => {
        const stub = await startStub({ ...refusal, stored: false })
        const { code, out, err } = await upload({ API: stub.url, TOKEN: 'token', FILE: file })
        stub.stop()
        const what = JSON.stringify({ refusal, out, err, seen: stub.seen })
        assert.notEqual(code, 0, what)
        assert.match(err, /S3 does not have the file|refused|nothing has arrived for this id \(S3: /, what)
        assert.ok(stub.seen.uploads <= maxSends, what)
        assert.ok(stub.seen.records >= 1, what)
      }))
    })

    if (maxSends > 1) {
      test(`a connection breaks once: ${name}`, async () => {
        const stub = await startStub({ status: 403, close: 'silent', stored: false, healthy: 2 })
        const { code, out, err } = await upload({ API: stub.url, TOKEN: 'token', FILE: file })
        stub.stop()
        assert.equal(code, 0, err)
        assert.equal(JSON.parse(out).status, 'accepted')
        assert.deepEqual([stub.seen.uploads, stub.seen.grants], [2, 2], JSON.stringify(stub.seen))
      })
    }
  }
})

/** Uploads in a page with an unmodified Uppy and arrival.js. */
async function uploadWithUppy(version, stub) {
  const tab = await openUppy(version)
  await tab.evaluate(
    async ([version, api, size]) => {
      const uppy = (globalThis.uppy = new Uppy())
      globalThis.results = { calls: [], errors: [], successes: [], failures: [] }
      uppy.on('upload-error', (file, error) => results.errors.push(error.message))
      uppy.on('upload-success', (file, { body }) => results.successes.push(body.key))
      const { watchArrival } = await import('./arrival.js')
      const readRecord = async (id) => {
        const response = await fetch(`${api}/uploads/${id}`)
        return { status: response.status, body: await response.json() }
      }
      const arrival = watchArrival(uppy, { readRecord, onFailed: (file, error) => results.failures.push(error.message) })
      const grant = async (file, path, options) => {
        const granted = await (await fetch(api + path, options)).json()
        arrival.granted(file, granted.fields.key)
        return granted
      }
      if (version === 5) uppy.use(AwsS3, { endpoint: api, getUploadParameters: (file) => grant(file, '/s3/params') })
      else uppy.use(AwsS3, { signRequest: () => grant(uppy.getFiles()[0], '/s3/sign', { method: 'POST', body: '{}' }) })
      uppy.addFile({ name: 'photo.bin', type: 'application/octet-stream', data: new Blob([new Uint8Array(size)]) })
    },
    [version, stub.url, SIZE],
  )
  const send = (call) => tab.evaluate(async (call) => {
    const { successful, failed } = (await uppy[call]().catch(() => undefined)) ?? {}
    const [file] = uppy.getFiles()
    return { ...results, ended: [successful?.length, failed?.length], error: file.error, all: uppy.getState().error }
  }, call)
  return { tab, send }
}

// Version 6 sends again up to three times by itself if there is no response.
const MAX_SENDS = { 5: 1, 6: 4 }

together('Uppy with arrival.js', () => {
  for (const version of [5, 6]) {
    test(`S3 refuses early and has the file: Uppy ${version}`, async () => {
      await Promise.all(REFUSALS.map(async (refusal) => {
        const stub = await startStub({ ...refusal, stored: true })
        const { tab, send } = await uploadWithUppy(version, stub)
        const result = await send('upload')
        const what = JSON.stringify({ refusal, result, seen: stub.seen })
        assert.deepEqual([result.ended, result.successes.length, result.failures, result.error ?? null, result.all], [[1, 0], 1, [], null, null], what)
        assert.ok(stub.seen.uploads <= MAX_SENDS[version], what)
        await tab.context().close()
        stub.stop()
      }))
    })

    test(`S3 refuses early and does not have the file, a retry uploads it: Uppy ${version}`, async () => {
      await Promise.all(REFUSALS.map(async (refusal) => {
        const stub = await startStub({ ...refusal, stored: false })
        const { tab, send } = await uploadWithUppy(version, stub)
        const result = await send('upload')
        const what = JSON.stringify({ refusal, result, seen: stub.seen })
        assert.deepEqual([result.ended, result.successes, result.failures.length], [[0, 1], [], 1], what)
        assert.match(result.error, /^S3 does not have the file\. /, what)
        assert.ok(stub.seen.uploads <= MAX_SENDS[version], what)
        stub.heal()
        const retried = await send('retryAll')
        assert.deepEqual([retried.ended, retried.successes.length], [[1, 0], 1], JSON.stringify(retried))
        await tab.context().close()
        stub.stop()
      }))
    })

    test(`the file is there when the user retries, and is not sent again: Uppy ${version}`, async () => {
      const stub = await startStub({ status: 403, close: 'fin', stored: false })
      const { tab, send } = await uploadWithUppy(version, stub)
      stub.failRecords(true)
      const result = await send('upload')
      assert.deepEqual([result.ended, result.failures], [[0, 1], ['try again']], JSON.stringify(result))
      stub.store()
      stub.failRecords(false)
      const retried = await send('retryAll')
      assert.deepEqual([retried.ended, retried.successes.length, stub.seen.uploads], [[1, 0], 1, 1], JSON.stringify(retried))
      await tab.context().close()
      stub.stop()
    })
  }
})

/** Uploads a file in the demo page with the stub as its API. `query`: `?uppy` for Uppy. */
async function uploadInDemoPage(stub, query) {
  const tab = await demo({ session: { apiUrl: stub.url, name: 'alice', token: 'token' } }, query)
  await choose(tab, file)
  if (query) await tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
  return tab
}
const entry = (tab, state) => tab.locator(`#files > li[data-state=${state}]`)

for (const [name, query, maxSends] of [['our client', '', 4], ['Uppy', '?uppy', MAX_SENDS[6]]]) {
  test(`S3 refuses early and has the file: the demo page shows the verdict, with ${name}`, async () => {
    await Promise.all(REFUSALS.map(async (refusal) => {
      const stub = await startStub({ ...refusal, stored: true })
      const tab = await uploadInDemoPage(stub, query)
      await entry(tab, 'accepted').waitFor()
      const what = JSON.stringify({ refusal, seen: stub.seen })
      assert.equal(await tab.locator('#files > li').count(), 1, what)
      assert.doesNotMatch(await tab.locator('#announcements').innerText(), /not uploaded/, what)
      assert.ok(stub.seen.uploads <= maxSends, what)
      await tab.context().close()
      stub.stop()
    }))
  })
}

test('S3 refuses early and does not have the file: the demo page shows one message, and a retry uploads the file, with Uppy', async () => {
  await Promise.all(REFUSALS.map(async (refusal) => {
    const stub = await startStub({ ...refusal, stored: false })
    const tab = await uploadInDemoPage(stub, '?uppy')
    await entry(tab, 'failed').getByText('S3 does not have the file.').waitFor()
    const what = JSON.stringify({ refusal, seen: stub.seen })
    assert.equal((await tab.locator('#announcements').innerText()).match(/not uploaded/g).length, 1, what)
    const sends = stub.seen.uploads
    assert.ok(sends <= MAX_SENDS[6], what)
    stub.heal()
    await tab.getByRole('button', { name: 'Retry upload' }).first().click()
    await entry(tab, 'accepted').waitFor()
    assert.equal(stub.seen.uploads, sends + 1, what)
    await tab.context().close()
    stub.stop()
  }))
})

test('S3 breaks the connection once: our client sends the file again by itself', async () => {
  const stub = await startStub({ status: 403, close: 'silent', stored: false, healthy: 2 })
  const tab = await uploadInDemoPage(stub, '')
  await entry(tab, 'accepted').waitFor()
  assert.equal(stub.seen.uploads, 2)
  await tab.context().close()
  stub.stop()
})
