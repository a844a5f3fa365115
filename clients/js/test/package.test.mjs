// The package as npm publishes it: contents, types, entry points and sizes.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const run = promisify(execFile)
const packageFolder = join(import.meta.dirname, '..')
const MAX_CORE_BYTES = 12_000
const MAX_REACT_BYTES = 1_000

let folder, archive
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  // dist/ was built before the tests.
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: packageFolder })
  // npm 11 and older write a list, npm 12 an object.
  archive = Object.values(JSON.parse(stdout))[0]
})
after(() => rm(folder, { recursive: true }))

/** What a page loads: bundled, minified and gzipped. */
async function size(entry) {
  const { outputFiles } = await build({ entryPoints: [join(packageFolder, `dist/${entry}.js`)], bundle: true, minify: true, format: 'esm', write: false, external: ['react', 'node:*'] })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

test('the core and the hook are small', async () => {
  const sizes = {}
  for (const entry of ['index', 'react', 'store-indexeddb', 'store-node', 'node', 'checksum', 'checksum-worker', 'messages']) sizes[entry] = await size(entry)
  console.log(`# bytes, gzipped: ${JSON.stringify(sizes)}`)
  assert.ok(sizes.index <= MAX_CORE_BYTES, `core: ${sizes.index} bytes`)
  assert.ok(sizes.react < MAX_REACT_BYTES, `react: ${sizes.react} bytes`)
})

test('the archive holds dist, with the licence texts, and the README only', () => {
  const paths = archive.files.map(({ path }) => path)
  assert.deepEqual(paths.filter((path) => !path.startsWith('dist/')).sort(), ['README.md', 'package.json'])
  for (const path of ['index.js', 'index.d.ts', 'LICENSE-MIT', 'LICENSE-APACHE']) assert.ok(paths.includes(`dist/${path}`), path)
})

test('nothing is logged', async () => {
  for (const { path } of archive.files.filter(({ path }) => path.endsWith('.js'))) assert.doesNotMatch(await readFile(join(packageFolder, path), 'utf8'), /console\./, path)
})

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: packageFolder, strict: true })
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), [])
})

test('the types resolve for ES modules and bundlers', async () => {
  const attw = join(packageFolder, 'node_modules/.bin/attw')
  await run(attw, [join(folder, archive.filename), '--profile', 'esm-only', '--no-emoji'])
})

test('the package has no dependencies, and the lock file no addresses', async () => {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  assert.equal(manifest.dependencies, undefined)
  for (const version of Object.values(manifest.devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/)
  assert.doesNotMatch(await readFile(join(packageFolder, 'package-lock.json'), 'utf8'), /"resolved"/)
})

test('every entry point can be imported in Node', async () => {
  const { exports } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  for (const path of Object.keys(exports).filter((path) => path !== './package.json' && path !== './checksum-worker')) await import(`@sluice/client${path.slice(1)}`)
})
