// Runs the tests in this folder: `node tests/run.mjs`. `cargo xtask test browser` sets the environment.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { chromiumPath } from '../chromium.mjs'

/** Files at the same time: most of a test is waiting for the stack. */
const CONCURRENCY = 1

// Named one by one: since version 21 Node reads a folder as a module.
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.mjs')).map((name) => join(import.meta.dirname, name))
let path
try {
  path = chromiumPath()
} catch ({ message }) {
  console.error(message)
  process.exit(1)
}
const args = ['--test', `--test-concurrency=${CONCURRENCY}`, '--test-reporter=spec', ...process.argv.slice(2), ...files]
const { status } = spawnSync(process.execPath, args, { env: { ...process.env, SLUICE_CHROMIUM: path }, stdio: ['ignore', 'inherit', 'inherit'] })
process.exit(status ?? 1)
