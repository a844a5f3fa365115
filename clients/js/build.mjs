// Builds the package: `node build.mjs`. dist/ is published, build/ holds single modules for the tests.

import { execFile } from 'node:child_process'
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { build } from 'esbuild'

import { define } from './words.mjs'

const here = import.meta.dirname
const source = (name) => join(here, 'src', `${name}.ts`)

/** The entry points of package.json. */
export const entries = ['index', 'checksum', 'checksum-worker', 'messages', 'node', 'react', 'store-indexeddb', 'store-node']

const common = { define, format: 'esm', target: 'es2022', platform: 'neutral', logLevel: 'warning', absWorkingDir: here }
await Promise.all(['dist', 'build'].map((folder) => rm(join(here, folder), { recursive: true, force: true })))
await build({ ...common, entryPoints: entries.map(source), outdir: 'dist', bundle: true, splitting: true, external: ['node:*', 'react'] })
const modules = (await readdir(join(here, 'src'))).filter((name) => name.endsWith('.ts'))
await build({ ...common, entryPoints: modules.map((name) => join(here, 'src', name)), outdir: 'build' })
await promisify(execFile)(join(here, 'node_modules/.bin/tsc'), ['--emitDeclarationOnly'], { cwd: here })
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(join(here, '../..', licence), join(here, 'dist', licence))
