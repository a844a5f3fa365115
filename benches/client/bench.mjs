// Measures one upload in a Chromium of its own, through a link of its own.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { define } from '../../clients/js/words.mjs'
import { launchOptions } from '../../web/chromium.mjs'

// esbuild and Playwright are those of web/.
const web = createRequire(new URL('../../web/package.json', import.meta.url))
const { build } = web('esbuild')
const { chromium } = web('playwright-core')

const SAMPLE_MS = 200
const TIMEOUT_MS = 15 * 60_000
const LINE = 'Files go straight to S3 and are served once they were valid\n'
const stackFile = process.env.SLUICE_STACK

export function assertStack() {
  if (stackFile && process.env.SLUICE_PAGE && existsSync(stackFile)) return
  console.error('the bench needs the local stack: run `cargo xtask bench client`')
  process.exit(1)
}

export class Bench {
  /** Builds the page of the bench beside the demo page, whose origin the stack allows. */
  static async start(root) {
    const bench = new Bench()
    bench.stack = JSON.parse(readFileSync(stackFile, 'utf8'))
    bench.folder = join(tmpdir(), `sluice-bench-${process.pid}`)
    const pages = join(root, 'target/web')
    await build({ entryPoints: [join(import.meta.dirname, 'page.js')], define, bundle: true, format: 'esm', target: 'es2022', minify: true, outfile: join(pages, 'bench.js'), logLevel: 'warning' })
    for (const name of ['client', 'uppy5', 'uppy6']) {
      const scripts = ['bench', ...(name === 'client' ? [] : [name])].map((script) => `<script type="module" src="${script}.js"></script>`)
      writeFileSync(join(pages, `bench-${name}.html`), `<!doctype html><meta charset="utf-8"><title>Bench</title><link rel="icon" href="data:,"><input type="file" multiple>${scripts.join('')}\n`)
    }
    return bench
  }

  stop() {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The paths of files of text, all of other content. */
  #files({ count, size }) {
    const folder = join(this.folder, `${count}-${size}`)
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true })
      const body = Buffer.alloc(size, LINE)
      for (let at = 0; at < count; at += 1) {
        body.write(`${String(at).padStart(8)} `)
        writeFileSync(join(folder, `note-${at}.txt`), body)
      }
    }
    return readdirSync(folder).map((name) => join(folder, name))
  }

  /** Uploads a set of files with a client: times, requests, memory. `functions`: also the memory of the stack's functions. */
  async measure(link, set, client, { functions = false } = {}) {
    const { apiUrl, endpoint, users } = this.stack
    const { hostname, port } = new URL(endpoint)
    const proxy = await startLink({ ...link, target: { host: hostname, port: Number(port) } })
    // Only connections to the stack take the slow link; the signatures contain its usual address.
    const hosts = [`localhost:${port}`, `127.0.0.1:${port}`, `*.localhost:${port}`].map((host) => `MAP ${host} 127.0.0.1:${proxy.port}`)
    const browser = await chromium.launch(launchOptions([`--host-resolver-rules=${hosts.join(', ')}`]))
    try {
      const tab = await browser.newPage()
      tab.setDefaultTimeout(TIMEOUT_MS)
      const counts = { api: 0, s3: 0 }
      let problem
      tab.on('console', (message) => message.type() === 'error' && (problem ??= message.text()))
      await tab.goto(`${process.env.SLUICE_PAGE}/bench-${client.page}.html`)
      await tab.waitForFunction((needsUppy) => 'run' in globalThis && (!needsUppy || 'Uppy' in globalThis), client.run === 'uppy')
      await tab.setInputFiles('input', this.#files(set))
      tab.on('request', (request) => {
        if (request.url().startsWith(apiUrl)) counts.api += 1
        else if (request.method() === 'PUT' || request.method() === 'POST') counts.s3 += 1
      })
      const memory = await watchMemory(browser, tab)
      const stopFunctions = functions ? watchFunctions(endpoint) : () => ({})
      const run = ([name, options]) => globalThis.run[name](options)
      const result = await tab.evaluate(run, [client.run, { api: apiUrl, token: users[0].token, ...client.arguments }])
      return { ...result, ...counts, ...(await memory()), functions: stopFunctions(), problem }
    } finally {
      await browser.close()
      await proxy.stop()
      await this.#idle()
    }
  }

  /** Waits until the stack has decided about all files, so that one measurement does not slow the next down. */
  async #idle() {
    const { apiUrl, users } = this.stack
    const call = async (path, options) => (await fetch(apiUrl + path, { headers: { authorization: `Bearer ${users[0].token}`, 'content-type': 'application/json' }, ...options })).json()
    const body = JSON.stringify({ filename: 'last.txt', contentType: 'text/plain', size: LINE.length })
    const { id, url, headers } = await call('/uploads', { method: 'POST', body })
    const { 'content-length': _, ...sent } = headers
    await fetch(url, { method: 'PUT', headers: sent, body: LINE })
    for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; ) {
      if ((await call(`/uploads/${id}`)).status === 'accepted') return
      await new Promise((done) => setTimeout(done, 250))
    }
    throw new Error('the stack is busy for too long')
  }
}

async function startLink(settings) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'link.mjs'), JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const port = await new Promise((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(Number(text)))
    child.once('exit', () => reject(new Error('the link did not start')))
  })
  const stop = () => new Promise((done) => child.once('exit', done) && child.stdin.end())
  return { port, stop }
}

const MB = 1_000_000
/** The most memory that a process has used, in MB. */
const peakMb = (pid) => Math.round((Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024) / MB)

/** The peak of the page's JavaScript heap, after garbage collection at the samples, and of its process. */
async function watchMemory(browser, tab) {
  const processes = async () => (await (await browser.newBrowserCDPSession()).send('SystemInfo.getProcessInfo')).processInfo
  const renderers = (await processes()).filter(({ type }) => type === 'renderer').map(({ id }) => id)
  const session = await tab.context().newCDPSession(tab)
  await session.send('Performance.enable')
  let peak = 0
  const sample = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    peak = Math.max(peak, metrics.find(({ name }) => name === 'JSHeapUsedSize').value)
  }
  const timer = setInterval(() => void sample().catch(() => {}), SAMPLE_MS)
  return async () => {
    clearInterval(timer)
    await sample()
    return { heapMb: Math.round(peak / MB), processMb: Math.max(...renderers.map(peakMb)) }
  }
}

/** The most memory of a process of each function, in MB, when the returned function is called. */
function watchFunctions(endpoint) {
  const peaks = {}
  const sample = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const path = readlinkSync(`/proc/${pid}/exe`)
        if (basename(path) !== 'bootstrap') continue
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
        if (!environment.includes(`AWS_ENDPOINT_URL=${endpoint}`)) continue
        const [, name] = /AWS_LAMBDA_FUNCTION_NAME=(?:sluice-\w+-)?(\w+)/.exec(environment.join(' '))
        peaks[name] = Math.max(peaks[name] ?? 0, peakMb(pid))
      } catch {
        // The process has ended, or is another user's.
      }
    }
  }
  const timer = setInterval(sample, 1_000)
  return () => {
    clearInterval(timer)
    sample()
    return peaks
  }
}
