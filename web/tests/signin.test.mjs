// What the user sees if the sign-in is missing, not accepted or expired: with unmodified Uppy 5 and 6, and in the demo page.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { choose, demo } from './demo.mjs'
import { add, alice, bob, callApi, close, cognito, displayedErrors, eventually, onFirstPart, openUppy, png, screenshot, stack, together, upload, waitForVerdict } from './fixture.mjs'

after(close)

const PART_SIZE = 5 << 20
const wrongSignature = `${alice.token.slice(0, -4)}AAAA`
const NOT_ACCEPTED = 'Your sign-in was not accepted. Sign in again, then retry.'
const EXPIRED = 'Your sign-in has expired. Sign in again, then retry.'

let settled = Promise.resolve()
/** A token of Alice that expires after some seconds. Tests that run at the same time take turns: the lifetime is a setting. */
const shortLived = (seconds) => {
  const token = settled.then(() => signIn(seconds))
  settled = token.catch(() => {})
  return token
}

/** Only the emulator allows such a short lifetime. */
async function signIn(seconds) {
  const claims = JSON.parse(Buffer.from(alice.token.split('.')[1], 'base64url'))
  const setLifetime = (count) =>
    cognito('UpdateUserPoolClient', {
      UserPoolId: claims.iss.split('/').pop(),
      ClientId: claims.client_id,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AccessTokenValidity: count,
      IdTokenValidity: 24,
      TokenValidityUnits: { AccessToken: 'seconds', IdToken: 'hours' },
    })
  await setLifetime(seconds)
  try {
    const AuthParameters = { USERNAME: 'alice', PASSWORD: 'alice-A1!local' }
    const response = await cognito('InitiateAuth', { AuthFlow: 'USER_PASSWORD_AUTH', ClientId: claims.client_id, AuthParameters })
    return response.AuthenticationResult.AccessToken
  } finally {
    await setLifetime(24 * 3600)
  }
}

const waitForExpiry = (token) => eventually('the token to expire', async () => (await callApi('GET', '/policy', { token })).status === 401)

let expired
before(async () => {
  expired = await shortLived(1)
  await waitForExpiry(expired)
})

/** Opens a page with an unmodified Uppy and a token, with or without `watch` of signin.js. */
async function signedIn(version, token, { watched = true, multipart = false } = {}) {
  const tab = await openUppy(version)
  const options = version === 5 ? { five: { endpoint: stack.apiUrl } } : { six: { sign: { url: `${stack.apiUrl}/s3/sign` } } }
  if (version === 5 && token) options.five.headers = { authorization: `Bearer ${token}` }
  await tab.evaluate(
    async ({ api, token, options, watched }) => {
      globalThis.token = token
      start(options)
      results.messages = []
      uppy.on('info-visible', () => results.messages.push(uppy.getState().info.at(-1).message))
      if (!watched) return
      const { watch } = await import('./signin.js')
      watch(uppy, { api, token: () => globalThis.token })
    },
    { api: stack.apiUrl, token, options: { ...options, multipart }, watched },
  )
  return tab
}

/** Signs in again in a page, as docs/UPPY.md describes. */
const signInAgain = (tab, token) =>
  tab.evaluate((token) => {
    globalThis.token = token
    // signRequest of version 6 reads the token for each request.
    uppy.getPlugin('AwsS3Multipart')?.setOptions({ headers: { authorization: `Bearer ${token}` } })
  }, token)

const cases = {
  missing: [() => undefined, 'You are not signed in. Sign in, then retry.'],
  garbled: [() => 'wrong', NOT_ACCEPTED],
  wrong: [() => wrongSignature, NOT_ACCEPTED],
  expired: [() => expired, EXPIRED],
}

together('tokens that are not accepted', () => {
  for (const version of [5, 6]) {
    for (const [what, [token, sentence]] of Object.entries(cases)) {
      test(`watch reports a ${what} token, uploads nothing and keeps the file for a retry: version ${version}`, async () => {
        const tab = await signedIn(version, token())
        await add(tab, { name: 'a.png', type: 'image/png', content: png })
        for (const attempt of ['upload', 'retryAll']) {
          await tab.evaluate((attempt) => uppy[attempt]().catch(() => {}), attempt)
          const results = await tab.evaluate(() => globalThis.results)
          assert.deepEqual(results.errors.splice(0), [sentence], attempt)
          assert.ok(results.messages.includes(sentence), JSON.stringify(results.messages))
          const { all, file } = await displayedErrors(tab)
          assert.deepEqual([all, file], [`Failed to upload a.png ${sentence}`, sentence])
          assert.deepEqual([...new Set(results.calls)], ['GET /policy'], 'no other request was sent')
          await tab.evaluate(() => (results.errors = []))
        }
        await signInAgain(tab, alice.token)
        await tab.evaluate(() => uppy.retryAll())
        const record = await waitForVerdict(await tab.evaluate(() => results))
        assert.equal(record.status, 'accepted')
        await tab.context().close()
      })

      test(`without CORS headers on the 401, Uppy without watch does not mention the sign-in: ${what}, version ${version}`, async () => {
        const tab = await signedIn(version, token(), { watched: false })
        await hideCors(tab)
        await add(tab, { name: 'a.png', type: 'image/png', content: png })
        const results = await upload(tab)
        assert.deepEqual([results.successes.length, results.errors.length], [0, 1])
        assert.doesNotMatch(results.errors[0], /sign|authori/i)
        await tab.context().close()
      })

      test(`Uppy can read a 401 of API Gateway that has CORS headers: ${what}, version ${version}`, async () => {
        for (const watched of [false, true]) {
          const tab = await signedIn(version, token(), { watched })
          await add(tab, { name: 'a.png', type: 'image/png', content: png })
          const results = await upload(tab)
          const messages = { 5: 'Authorization required', 6: 'Unauthorized' }
          assert.deepEqual(results.errors, [watched ? sentence : messages[version]])
          await tab.context().close()
        }
      })
    }
  }
})

/** Hides each 401 of API Gateway from the page, as a browser does with a response without CORS headers. */
const hideCors = (tab) =>
  tab.route(`${stack.apiUrl}/**`, async (route) => {
    const response = await route.fetch()
    if (response.status() === 401) await route.abort('failed')
    else await route.fulfill({ response })
  })

test('watch does not report a server that is down, or an offline browser, as a sign-in problem', async () => {
  const tab = await signedIn(6, alice.token)
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  await tab.route(`${stack.apiUrl}/**`, (route) => route.abort('connectionrefused'))
  assert.deepEqual((await upload(tab)).errors, ['The API did not respond. Check your connection. If it works, sign in again, then retry.'])
  await tab.context().setOffline(true)
  await tab.evaluate(() => uppy.retryAll())
  assert.equal((await displayedErrors(tab)).file, 'You are offline. Retry when the connection is back.')
  await tab.context().setOffline(false)
  await tab.unrouteAll()
  const later = await tab.evaluate(async () => {
    results.errors = []
    await uppy.retryAll()
    return results
  })
  assert.equal((await waitForVerdict(later)).status, 'accepted')
  await tab.context().close()
})

test('the API signs no request for the key of another user', async () => {
  const tab = await signedIn(6, alice.token)
  await add(tab, { name: 'a.png', type: 'image/png', content: png })
  const results = await upload(tab)
  const record = await waitForVerdict(results)
  const [{ key }] = results.successes
  const sign = (request) => callApi('POST', '/s3/sign', { token: bob.token, body: { key, ...request } })
  const own = await sign({ method: 'PUT', filename: 'a.png', contentType: 'image/png', size: png.length })
  assert.equal(own.status, 200, JSON.stringify(own.body))
  assert.ok(!JSON.stringify(own.body).includes(record.id), 'the API grants a key of the caller')
  for (const method of ['GET', 'DELETE']) assert.equal((await sign({ method })).status, 400)
  assert.deepEqual(await waitForVerdict(results), record, 'the upload of the owner is unchanged')
  await tab.context().close()
})

/** Opens the demo page with a session of Alice. A test can change `session.token` later. */
async function demoOf(session, options = {}, query = '') {
  const tab = await demo({ viewport: { width: 1100, height: 900 }, ...options, session }, query)
  await tab.getByText('Signed in as alice.').waitFor()
  return tab
}

together('the demo page without a sign-in', () => {
  for (const [what, [token, sentence]] of Object.entries(cases)) {
    test(`the demo page reports a ${what} token and what to do`, async () => {
      const tab = await demo({ session: { token: token() }, isReady: '#session.problem' })
      await tab.getByRole('status').getByText(sentence.split('.')[0]).waitFor()
      assert.match(await tab.locator('#session').innerText(), /sign in.*cargo xtask up.*reload/i)
      assert.deepEqual(tab.problems, [])
      await screenshot(tab, `light-signed-out-${what}`)
      await tab.context().close()
    })
  }
})

const holiday = { name: 'holiday.png', mimeType: 'image/png', buffer: png }
const phone = { colorScheme: 'dark', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
together('tokens that expire', () => {
  for (const version of [5, 6]) {
    test(`watch reports a token that expires during the upload, and a new token finishes the file: version ${version}`, async () => {
      const token = await shortLived(10)
      const tab = await signedIn(version, token, { multipart: true })
      const size = 2 * PART_SIZE + 1
      await add(tab, { name: 'log.txt', type: 'text/plain', size })
      // Holds the signing of the last part until the token has expired.
      await tab.evaluate(() => {
        globalThis.intercept = async (call, send) => {
          const last = /multipart\/[^/]+\/3$/.test(call) || (call.endsWith('/s3/sign') && results.parts.length === 2)
          if (last) await new Promise((done) => (globalThis.tokenExpired ? done() : (globalThis.release = done)))
          return send()
        }
      })
      await onFirstPart(tab, 'results.first = true')
      const done = upload(tab)
      await tab.waitForFunction(() => results.first && globalThis.release)
      await waitForExpiry(token)
      await tab.evaluate(() => {
        globalThis.tokenExpired = true
        release()
      })
      await done
      await tab.waitForFunction((sentence) => uppy.getFiles()[0].error === sentence, EXPIRED)
      const results = await tab.evaluate(() => globalThis.results)
      assert.deepEqual([results.successes.length, results.errors.length], [0, 1])
      assert.ok(results.messages.includes(EXPIRED), JSON.stringify(results.messages))
      assert.equal((await displayedErrors(tab)).all, EXPIRED)
      // A retry without a new sign-in keeps the file.
      await tab.evaluate(() => uppy.retryAll())
      assert.equal((await displayedErrors(tab)).file, EXPIRED)
      await signInAgain(tab, alice.token)
      const later = await tab.evaluate(async () => {
        results.errors = []
        await uppy.retryAll()
        return results
      })
      // Version 5 forgets the upload and starts a new one.
      if (version === 6) assert.deepEqual(later.parts, [1, 2, 3], 'no part is uploaded twice')
      const record = await waitForVerdict(later)
      assert.deepEqual([record.status, record.observed.size], ['accepted', size])
      await tab.context().close()
    })
  }

  for (const [name, query, options] of [['our client', '', phone], ['Uppy', '?uppy', {}]]) {
    const upload = async (tab) => {
      await choose(tab, holiday)
      if (query) await tab.getByRole('button', { name: /^Upload \d+ file/ }).click()
    }

    test(`the demo page reports a token that expires, and a retry works after a new sign-in, with ${name}`, async () => {
      const session = { name: 'alice', token: await shortLived(10) }
      const tab = await demoOf(session, options, query)
      await waitForExpiry(session.token)
      await upload(tab)
      const failed = tab.locator('#files > li[data-state=failed]')
      await failed.getByText(EXPIRED).waitFor()
      await tab.getByRole('log').getByText(`holiday.png was not uploaded. ${EXPIRED}`).waitFor({ state: 'attached' })
      await screenshot(tab, `expired-${name.split(' ').pop()}`)
      // The first retry still has the expired token. The second one has a new one.
      const retry = tab.getByRole('button', { name: query ? 'Retry upload' : 'Try holiday.png again' }).first()
      const checked = tab.waitForResponse((response) => response.request().method() === 'GET' && response.url().includes('/policy') && response.status() === 401)
      await retry.click()
      await checked
      // Our client asks for another token by itself, and must not find the new one yet.
      if (!query) await failed.getByText(EXPIRED).waitFor()
      session.token = alice.token
      await retry.click()
      await tab.locator('#files > li[data-state=accepted]', { hasText: 'holiday.png' }).waitFor()
      assert.equal(await tab.locator('#files > li').count(), 1)
      assert.deepEqual(tab.problems, [])
      await tab.context().close()
    })

    test(`the demo page reports a token that expires before the verdict, and shows the verdict after a new sign-in, with ${name}`, async () => {
      const session = { name: 'alice', token: alice.token }
      const tab = await demoOf(session, {}, query)
      // From the first request for the verdict on, the token is expired.
      let signedInAgain = false
      await tab.route('**/uploads/*', (route) => {
        if (signedInAgain) return route.continue()
        session.token = expired
        return route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${expired}` } })
      })
      await upload(tab)
      const waiting = tab.locator(`#files > li[data-state=${query ? 'checking' : 'unknown'}]`)
      await waiting.getByText(EXPIRED).waitFor()
      await screenshot(tab, `expired-before-verdict-${name.split(' ').pop()}`)
      signedInAgain = true
      session.token = alice.token
      if (!query) await waiting.getByRole('button', { name: 'Ask again' }).click()
      await tab.locator('#files > li[data-state=accepted]', { hasText: 'holiday.png' }).waitFor()
      assert.deepEqual(tab.problems, [])
      await tab.context().close()
    })
  }
})
