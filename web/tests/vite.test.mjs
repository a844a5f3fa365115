// A page of a Vite project on Vite's usual port uploads with the example of README.md. The stack must allow its origin.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { build, createServer, preview } from 'vite'

import { TIMEOUT_MS, alice, browser, close, png, program, stack } from './fixture.mjs'

const PORT = 5173
const ORIGIN = `http://localhost:${PORT}`
const outDir = mkdtempSync(join(tmpdir(), 'sluice-'))
after(async () => {
  rmSync(outDir, { recursive: true })
  await close()
})

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const [, example] = /```js\n(async function upload[^]*?)\n```/.exec(readme)

const config = {
  configFile: false,
  root: join(import.meta.dirname, 'vite'),
  cacheDir: join(outDir, 'cache'),
  logLevel: 'error',
  build: { outDir: join(outDir, 'built'), emptyOutDir: true },
  server: { port: PORT, strictPort: true },
  preview: { port: PORT, strictPort: true },
  plugins: [{
    name: 'example',
    resolveId: (id) => (id === 'virtual:example' ? `\0${id}` : undefined),
    load: (id) => (id === '\0virtual:example' ? `export const api = ${JSON.stringify(stack.apiUrl)}, token = ${JSON.stringify(alice.token)}\nexport ${example}` : undefined),
  }],
}

/** How Vite serves the page. Each returns a function that stops the server. */
const servers = {
  'development server': async () => {
    const server = await (await createServer(config)).listen()
    return () => server.close()
  },
  'built page': async () => {
    await build(config)
    const server = await preview(config)
    return () => server.close()
  },
}

const headers = { origin: ORIGIN, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
const preflight = await fetch(`${stack.apiUrl}/uploads`, { method: 'OPTIONS', headers })
const skip = preflight.headers.get('access-control-allow-origin') === ORIGIN ? false : `the stack does not allow ${ORIGIN}: cargo xtask up --origin ${ORIGIN}`

for (const [name, serve] of Object.entries(servers)) {
  test(`a Vite page uploads a picture: ${name}`, { skip }, async () => {
    const stop = await serve()
    const tab = await (await browser()).newPage()
    try {
      tab.setDefaultTimeout(TIMEOUT_MS)
      await tab.goto(ORIGIN)
      const choose = (content) => tab.getByLabel('File').setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: content })
      await choose(png)
      await tab.getByText('photo.png: accepted').waitFor()
      await choose(program)
      await tab.getByText('photo.png: rejected').waitFor()
    } finally {
      await tab.close()
      await stop()
    }
  })
}
