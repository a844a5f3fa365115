// A sign-in that is missing, wrong or over, as a person gets to know of it: with both Uppys as they come, and in the demo page.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { PATIENCE, add, alice, ask, bare, bob, browser, close, cognito, eventually, onFirstPart, page, png, screenshot, shown, stack, upload, verdict } from './world.mjs'

after(close)

const PART = 5 << 20
const spoilt = `${alice.token.slice(0, -4)}AAAA`
const WRONG = 'Your sign-in was not accepted. Sign in again, then retry.'
const EXPIRED = 'Your sign-in has expired. Sign in again, then retry.'

/** A token of Alice's that lives for some seconds, as only the emulator gives them. */
async function shortLived(seconds) {
  const claims = JSON.parse(Buffer.from(alice.token.split('.')[1], 'base64url'))
  const lives = (count) =>
    cognito('UpdateUserPoolClient', {
      UserPoolId: claims.iss.split('/').pop(),
      ClientId: claims.client_id,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AccessTokenValidity: count,
      IdTokenValidity: 24,
      TokenValidityUnits: { AccessToken: 'seconds', IdToken: 'hours' },
    })
  await lives(seconds)
  try {
    const AuthParameters = { USERNAME: 'alice', PASSWORD: 'alice-A1!local' }
    const answer = await cognito('InitiateAuth', { AuthFlow: 'USER_PASSWORD_AUTH', ClientId: claims.client_id, AuthParameters })
    return answer.AuthenticationResult.AccessToken
  } finally {
    await lives(24 * 3600)
  }
}

const over = (token) => eventually("the token's end", async () => (await ask('GET', '/policy', { token })).status === 401)

let expired
before(async () => {
  expired = await shortLived(1)
  await over(expired)
})

/** A page with an unmodified Uppy of a version, signed in with a token, that looks at its sign-in or doesn't. */
async function signedIn(version, token, { watched = true, multipart = false } = {}) {
  const tab = await bare(version)
  const options = version === 5 ? { five: { endpoint: stack.apiUrl } } : { six: { sign: { url: `${stack.apiUrl}/s3/sign` } } }
  if (version === 5 && token) options.five.headers = { authorization: `Bearer ${token}` }
  await tab.evaluate(
    async ({ api, token, options, watched }) => {
      globalThis.token = token
      start(options)
      told.shown = []
      uppy.on('info-visible', () => told.shown.push(uppy.getState().info.at(-1).message))
      if (!watched) return
      const { watch } = await import('./signin.js')
      watch(uppy, { api, token: () => globalThis.token })
    },
    { api: stack.apiUrl, token, options: { ...options, multipart }, watched },
  )
  return tab
}

/** Signs in again in a page, as docs/UPPY.md says. */
const again = (tab, token) =>
  tab.evaluate((token) => {
    globalThis.token = token
    // Version 6 asks for the token each time it signs.
    uppy.getPlugin('AwsS3Multipart')?.setOptions({ headers: { authorization: `Bearer ${token}` } })
  }, token)

const cases = {
  missing: [() => undefined, 'You are not signed in. Sign in, then retry.'],
  garbled: [() => 'wrong', WRONG],
  wrong: [() => spoilt, WRONG],
  expired: [() => expired, EXPIRED],
}

for (const version of [5, 6]) {
  for (const [what, [token, sentence]] of Object.entries(cases)) {
    test(`a token that is ${what} is said to be so, nothing travels, and the file stays for a retry: version ${version}`, async () => {
      const tab = await signedIn(version, token())
      await add(tab, { name: 'a.png', type: 'image/png', content: png })
      for (const attempt of ['upload', 'retryAll']) {
        await tab.evaluate((attempt) => uppy[attempt]().catch(() => {}), attempt)
        const told = await tab.evaluate(() => globalThis.told)
        assert.deepEqual(told.errors.splice(0), [sentence], attempt)
        assert.ok(told.shown.includes(sentence), JSON.stringify(told.shown))
        const { all, file } = await shown(tab)
        assert.deepEqual([all, file], [`Failed to upload a.png ${sentence}`, sentence])
        assert.deepEqual([...new Set(told.calls)], ['GET /policy'], 'nothing else was asked for')
        await tab.evaluate(() => (told.errors = []))
      }
      await again(tab, alice.token)
      await tab.evaluate(() => uppy.retryAll())
      const record = await verdict(await tab.evaluate(() => told))
      assert.equal(record.status, 'accepted')
      await tab.context().close()
    })

    test(`without CORS headers on the 401, Uppy alone says nothing of the sign-in: ${what}, version ${version}`, async () => {
      const tab = await signedIn(version, token(), { watched: false })
      await hideCors(tab)
      await add(tab, { name: 'a.png', type: 'image/png', content: png })
      const told = await upload(tab)
      assert.deepEqual([told.successes.length, told.errors.length], [0, 1])
      assert.doesNotMatch(told.errors[0], /sign|authori/i)
      await tab.context().close()
    })

    test(`if the gateway's 401 carries CORS headers, it is read: ${what}, version ${version}`, async () => {
      for (const watched of [false, true]) {
        const tab = await signedIn(version, token(), { watched })
        await add(tab, { name: 'a.png', type: 'image/png', content: png })
        const told = await upload(tab)
        const words = { 5: 'Authorization required', 6: 'Unauthorized' }
        assert.deepEqual(told.errors, [watched ? sentence : words[version]])
        await tab.context().close()
      }
    })
  }

  test(`a token that expires in the middle is said to be so, and a fresh one finishes the file: version ${version}`, async () => {
    const token = await shortLived(10)
    const tab = await signedIn(version, token, { multipart: true })
    const size = 2 * PART + 1
    await add(tab, { name: 'log.txt', type: 'text/plain', size })
    // The last part is not signed before the token is over.
    await tab.evaluate(() => {
      globalThis.meddle = async (call, send) => {
        const last = /multipart\/[^/]+\/3$/.test(call) || (call.endsWith('/s3/sign') && told.parts.length === 2)
        if (last) await new Promise((done) => (globalThis.over ? done() : (globalThis.release = done)))
        return send()
      }
    })
    await onFirstPart(tab, 'told.first = true')
    const done = upload(tab)
    await tab.waitForFunction(() => told.first && globalThis.release)
    await over(token)
    await tab.evaluate(() => {
      globalThis.over = true
      release()
    })
    await done
    await tab.waitForFunction((sentence) => uppy.getFiles()[0].error === sentence, EXPIRED)
    const told = await tab.evaluate(() => globalThis.told)
    assert.deepEqual([told.successes.length, told.errors.length], [0, 1])
    assert.ok(told.shown.includes(EXPIRED), JSON.stringify(told.shown))
    assert.equal((await shown(tab)).all, EXPIRED)
    // Whoever retries without having signed in still has the file.
    await tab.evaluate(() => uppy.retryAll())
    assert.equal((await shown(tab)).file, EXPIRED)
    await again(tab, alice.token)
    const later = await tab.evaluate(async () => {
      told.errors = []
      await uppy.retryAll()
      return told
    })
    // Version 5 forgets what it had, and begins anew.
    if (version === 6) assert.deepEqual(later.parts, [1, 2, 3], 'no byte is sent twice')
    const record = await verdict(later)
    assert.deepEqual([record.status, record.observed.size], ['accepted', size])
    await tab.context().close()
  })
}

/** Hides the gateway's 401 from the page, as a browser does with an answer that has no CORS headers. */
const hideCors = (tab) =>
  tab.route(`${stack.apiUrl}/**`, async (route) => {
    const response = await route.fetch()
    if (response.status() === 401) await route.abort('failed')
    else await route.fulfill({ response })
  })

test('a server that is not there, and a machine that is offline, are not taken for a sign-in', async () => {
  const tab = await signedIn(6, alice.token)
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  await tab.route(`${stack.apiUrl}/**`, (route) => route.abort('connectionrefused'))
  assert.deepEqual((await upload(tab)).errors, ['There was no answer. Check your connection; if it is fine, sign in again, then retry.'])
  await tab.context().setOffline(true)
  await tab.evaluate(() => uppy.retryAll())
  assert.equal((await shown(tab)).file, 'You are offline. Retry when the connection is back.')
  await tab.context().setOffline(false)
  await tab.unrouteAll()
  const later = await tab.evaluate(async () => {
    told.errors = []
    await uppy.retryAll()
    return told
  })
  assert.equal((await verdict(later)).status, 'accepted')
  await tab.context().close()
})

test("another user's key is signed for nobody but its owner", async () => {
  const tab = await signedIn(6, alice.token)
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const told = await upload(tab)
  const record = await verdict(told)
  const [{ key }] = told.successes
  const sign = (request) => ask('POST', '/s3/sign', { token: bob.token, body: { key, ...request } })
  const own = await sign({ method: 'PUT', filename: 'a.png', contentType: 'image/png', size: png.length })
  assert.equal(own.status, 200, JSON.stringify(own.body))
  assert.ok(!JSON.stringify(own.body).includes(record.id), 'his is another key')
  for (const method of ['GET', 'DELETE']) assert.equal((await sign({ method })).status, 400)
  assert.deepEqual(await verdict(told), record, 'nothing has become of hers')
  await tab.context().close()
})

/** The demo page with somebody's token in its session, which `session.token` may change later. */
async function demo(session, options = {}) {
  const context = await (await browser()).newContext({ viewport: { width: 1100, height: 900 }, ...options })
  const tab = await context.newPage()
  tab.setDefaultTimeout(PATIENCE)
  tab.problems = []
  tab.on('pageerror', (error) => tab.problems.push(error.message))
  await tab.route('**/session.json', (route) => route.fulfill({ json: { apiUrl: stack.apiUrl, name: 'alice', ...session } }))
  await tab.goto(page)
  return tab
}

for (const [what, [token, sentence]] of Object.entries(cases)) {
  test(`the demo page says that its token is ${what}, and what to do`, async () => {
    const tab = await demo({ token: token() })
    await tab.getByRole('status').getByText(sentence.split('.')[0]).waitFor()
    assert.match(await tab.locator('#session').innerText(), /sign in.*cargo xtask up.*reload/i)
    assert.deepEqual(tab.problems, [])
    await screenshot(tab, `light-signed-out-${what}`)
    await tab.context().close()
  })
}

for (const [look, options] of Object.entries({ light: {}, 'dark-phone': { colorScheme: 'dark', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } })) {
  test(`the demo page's token expires while it is open: it is said, and after signing in again a retry works: ${look}`, async () => {
    const session = { token: await shortLived(10) }
    const tab = await demo(session, options)
    await tab.getByText('You are alice.').waitFor()
    await over(session.token)
    await tab.locator('#dashboard input[type=file]').first().setInputFiles([{ name: 'holiday.png', mimeType: 'image/png', buffer: png }])
    await tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
    const failed = tab.locator('#files > li[data-state=failed]')
    await failed.getByText(EXPIRED).waitFor()
    await tab.getByRole('log').getByText(`holiday.png was not uploaded. ${EXPIRED}`).waitFor({ state: 'attached' })
    await screenshot(tab, `${look}-expired`)
    // The first retry finds no better token, the second one does.
    const retry = tab.getByRole('button', { name: 'Retry upload' }).first()
    const looked = tab.waitForResponse((response) => response.request().method() === 'GET' && response.url().endsWith('/policy') && response.status() === 401)
    await retry.click()
    await looked
    session.token = alice.token
    await retry.click()
    await tab.locator('#files > li[data-state=accepted]', { hasText: 'holiday.png' }).waitFor()
    assert.equal(await tab.locator('#files > li').count(), 1)
    assert.deepEqual(tab.problems, [])
    await tab.context().close()
  })
}

test("the demo page's token expires before the verdict: it is said, and told once somebody has signed in again", async () => {
  const session = { token: alice.token }
  const tab = await demo(session)
  await tab.getByText('You are alice.').waitFor()
  // As soon as the file has arrived, the token is over.
  let fresh = false
  await tab.route('**/uploads/*', (route) => {
    if (fresh) return route.continue()
    session.token = expired
    return route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${expired}` } })
  })
  await tab.locator('#dashboard input[type=file]').first().setInputFiles([{ name: 'holiday.png', mimeType: 'image/png', buffer: png }])
  await tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
  await tab.locator('#files > li[data-state=checking]').getByText(EXPIRED).waitFor()
  await screenshot(tab, 'light-expired-before-verdict')
  fresh = true
  session.token = alice.token
  await tab.locator('#files > li[data-state=accepted]', { hasText: 'holiday.png' }).waitFor()
  assert.deepEqual(tab.problems, [])
  await tab.context().close()
})
