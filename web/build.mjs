// Bundles the demo page and the test pages with Uppy only: `node build.mjs FOLDER`.

import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { build } from 'esbuild'

import { define } from '../clients/js/words.mjs'

const here = import.meta.dirname
const folder = process.argv[2]
if (!folder) throw new Error('node build.mjs FOLDER')

await mkdir(folder, { recursive: true })
// Parts of an earlier build, with a hash in their names.
for (const name of await readdir(folder)) if (/^(chunk|uppy)-/.test(name)) await rm(join(folder, name))
const common = { bundle: true, format: 'esm', target: 'es2022', legalComments: 'linked', logLevel: 'warning', outdir: folder }
// The page loads Uppy only when it is asked for.
await build({ ...common, define, entryPoints: [{ in: join(here, 'src/page.js'), out: 'page' }], splitting: true, minify: true })
const styles = { page: '@import "./src/page.css";', uppy: '@import "@uppy/core/css/style.min.css"; @import "@uppy/dashboard/css/style.min.css";' }
for (const [name, contents] of Object.entries(styles)) {
  await build({ ...common, stdin: { contents, loader: 'css', resolveDir: here, sourcefile: `${name}.css` }, entryNames: name, minify: true })
}
await cp(join(here, 'index.html'), join(folder, 'index.html'))
// Not bundled: pages copy these files unchanged, and tests import them.
for (const file of ['arrival.js', 'signin.js']) await cp(join(here, 'src', file), join(folder, file))

// Pages with an unmodified Uppy 5 and 6. The import in tests/uppy.js resolves to the version installed in resolveDir.
const contents = await readFile(join(here, 'tests/uppy.js'), 'utf8')
for (const [version, resolveDir] of [['5', join(here, 'uppy5')], ['6', here]]) {
  const stdin = { contents, resolveDir, sourcefile: 'uppy.js' }
  await build({ ...common, stdin, entryNames: `uppy${version}` })
  const page = `<!doctype html><meta charset="utf-8"><title>Uppy ${version}</title><link rel="icon" href="data:,"><script type="module" src="uppy${version}.js"></script>\n`
  await writeFile(join(folder, `uppy${version}.html`), page)
}
