// Builds the package: `node build.mjs`. dist/ is published, build/ holds single modules for the tests.

import { execFile } from 'node:child_process'
import { cp, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { build } from 'esbuild'

const here = import.meta.dirname
const source = (name) => join(here, 'src', `${name}.ts`)

/** The entry points of package.json. */
export const entries = ['index', 'checksum', 'checksum-worker', 'messages', 'node', 'react', 'store-indexeddb', 'store-node']

/** The sentences that the core needs for what it refuses itself. The entry point `messages` has the whole catalogue. */
const OWN_SENTENCES = [
  'type-required', 'type-missing', 'type-not-allowed', 'type-refused', 'extension-not-allowed', 'extension-missing',
  'too-small', 'empty-file', 'too-large', 'deleted', 'unavailable',
]
const words = JSON.parse(await readFile(join(here, '../../shared/policy/words/en.json'), 'utf8'))
const missing = OWN_SENTENCES.filter((key) => !words.problems[key])
if (missing.length > 0) throw new Error(`shared/policy/words/en.json has no sentence for ${missing.join(', ')}`)
const sentences = Object.fromEntries(OWN_SENTENCES.map((key) => [key, words.problems[key]]))

// Texts: esbuild would put an object into a file of its own, which the core would load as well.
const define = Object.fromEntries(Object.entries({ WORDS: words, SENTENCES: sentences }).map(([name, value]) => [name, JSON.stringify(JSON.stringify(value))]))
const common = { define, format: 'esm', target: 'es2022', platform: 'neutral', logLevel: 'warning', absWorkingDir: here }
await Promise.all(['dist', 'build'].map((folder) => rm(join(here, folder), { recursive: true, force: true })))
await build({ ...common, entryPoints: entries.map(source), outdir: 'dist', bundle: true, splitting: true, external: ['node:*', 'react'] })
const modules = (await readdir(join(here, 'src'))).filter((name) => name.endsWith('.ts'))
await build({ ...common, entryPoints: modules.map((name) => join(here, 'src', name)), outdir: 'build' })
await promisify(execFile)(join(here, 'node_modules/.bin/tsc'), ['--emitDeclarationOnly'], { cwd: here })
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(join(here, '../..', licence), join(here, 'dist', licence))
