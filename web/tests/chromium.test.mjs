// How the tests find Chromium.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { chromiumPath } from '../chromium.mjs'

test('SLUICE_CHROMIUM names a file, or is refused with the next step', (context) => {
  const before = process.env.SLUICE_CHROMIUM
  context.after(() => (process.env.SLUICE_CHROMIUM = before))
  const here = join(import.meta.dirname, 'chromium.test.mjs')
  process.env.SLUICE_CHROMIUM = here
  assert.equal(chromiumPath(), here)
  for (const nothing of ['chromium-of-mine', '/nowhere/chromium', import.meta.dirname]) {
    process.env.SLUICE_CHROMIUM = nothing
    assert.throws(chromiumPath, (error) => error.message.includes(nothing))
  }
})
