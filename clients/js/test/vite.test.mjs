// From an empty Vite app to an accepted picture: the steps and the ten lines of docs/CLIENTS.md as printed, with the package
// as npm publishes it. SLUICE_STACK names the local stack's stack.json; without it the fake server is used.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { chromium } from 'playwright-core'
import { createServer } from 'vite'

import { FakeServer } from './server.mjs'

const executablePath = process.env.SLUICE_CHROMIUM || ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const skip = executablePath ? false : 'no Chromium: set SLUICE_CHROMIUM'
const run = promisify(execFile)
const packageFolder = join(import.meta.dirname, '..')
const repository = join(packageFolder, '../..')
const MAX_LINES = 10
/** Vite's usual port. `cargo xtask test` allows its origin. */
const PORT = 5173

const stack = process.env.SLUICE_STACK ? JSON.parse(readFileSync(process.env.SLUICE_STACK, 'utf8')) : undefined
const [, steps, code] = /```text\n(npm create vite[^]*?)\n```[^]*?```jsx\n([^]*?)\n```/.exec(readFileSync(join(repository, 'docs/CLIENTS.md'), 'utf8'))

let folder, server, fake, browser
before(async () => {
  if (skip) return
  // Inside this package, so that the packages of its lock file are found: `npm install` of the steps needs no network.
  await mkdir(join(packageFolder, 'build'), { recursive: true })
  folder = await mkdtemp(join(packageFolder, 'build/vite-'))
  fake = stack ? undefined : await FakeServer.start()
})
after(async () => {
  await browser?.close()
  await server?.close()
  await fake?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test('from an empty Vite app to an accepted picture with ten lines', { skip }, async () => {
  const [create, enter, install] = steps.split('\n')
  const [, name, template] = /^npm create vite@6 ([\w-]+) -- --template (\w+)$/.exec(create)
  await run(process.execPath, [join(packageFolder, 'node_modules/create-vite/index.js'), name, '--template', template], { cwd: folder })
  assert.equal(enter, `cd ${name}`)
  assert.match(install, /^npm install \.\.\/[\w/.-]+\/sluice-client-0\.1\.0\.tgz$/)
  const app = join(folder, name)
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: packageFolder })
  const [{ filename }] = Object.values(JSON.parse(stdout))
  assert.ok(install.endsWith(filename), filename)
  const target = join(app, 'node_modules/@sluice/client')
  await mkdir(target, { recursive: true })
  await run('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1'])

  const lines = code.split('\n').filter((line) => line.trim() !== '')
  assert.ok(lines.length <= MAX_LINES, `${lines.length} lines`)
  const api = stack?.apiUrl ?? fake.url
  await writeFile(join(app, 'src/App.jsx'), code.replace(/'https:[^']+'/, JSON.stringify(api)))

  server = await createServer({ root: app, configFile: join(app, 'vite.config.js'), logLevel: 'error', server: { port: PORT, strictPort: true } })
  await server.listen()
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  const tab = await browser.newPage()
  const problems = []
  tab.on('pageerror', ({ message }) => problems.push(message))
  await tab.addInitScript((token) => (sessionStorage.token = token), stack?.users[0].token ?? 'good')
  await tab.goto(`http://localhost:${PORT}`)
  await tab.setInputFiles('input[type=file]', { name: 'photo.png', mimeType: 'image/png', buffer: await readFile(join(repository, 'tests/assets/lock.png')) })
  await tab.getByText('photo.png: accepted').waitFor({ timeout: 60_000 })
  assert.deepEqual(problems, [])
})
