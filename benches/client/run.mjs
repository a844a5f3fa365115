// `cargo xtask bench client`: our client, Uppy 6, Uppy 5 and the code of README.md upload the same files to the local stack,
// in Chromium and through a slow link. Exits with 1 if a limit is missed.
//
//   --full          also 10,000 files
//   --only NAME     one client: ours, uppy6, uppy5 or readme
//   --link NAME     one link: shared or connection
//   --files NAME    one set of files: large, many or thousands
//   --count N       so many files in place of 1,000, to try the bench

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Bench, assertStack } from './bench.mjs'

const { values: options } = parseArgs({ options: { full: { type: 'boolean' }, only: { type: 'string' }, link: { type: 'string' }, files: { type: 'string' }, count: { type: 'string', default: '1000' } } })

const root = join(import.meta.dirname, '../..')
const [, code] = /```js\n(async function upload[^]*?)\n```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))

const DELAY_MS = 40
const mbit = (count) => (count * 1_000_000) / 8
const links = {
  shared: { title: '100 Mbit/s shared by all connections', delayMs: DELAY_MS, sharedRate: mbit(100) },
  connection: { title: '20 Mbit/s for each connection', delayMs: DELAY_MS, connectionRate: mbit(20) },
}
const sets = {
  large: { title: 'a file of 200 MB', count: 1, size: 200_000_000 },
  many: { title: `${Number(options.count).toLocaleString('en')} files of 20 kB`, count: Number(options.count), size: 20_000 },
  thousands: { title: '10,000 files of 2 kB', count: 10_000, size: 2_000 },
}
const clients = {
  ours: { title: '@sluice/client', page: 'client', run: 'ours' },
  uppy6: { title: 'Uppy 6.3.1', page: 'uppy6', run: 'uppy', arguments: { version: 6 } },
  uppy5: { title: 'Uppy 5.1.0', page: 'uppy5', run: 'uppy', arguments: { version: 5 } },
  readme: { title: 'code of README.md', page: 'client', run: 'readme', arguments: { code } },
}

/** Ours against Uppy 5 on the shared link: at most this much longer. */
const MAX_SLOWER = 1.05
/** Uppy 6 against ours on the link with a cap for each connection: with a large file. The cap hardly slows small ones. */
const MIN_FASTER = 2
/** Requests to the API for each of many files. */
const MAX_API_SHARE = 0.02
/** Memory of the page with 10,000 files beyond its memory with 1,000. */
const MAX_THOUSANDS_MB = 60
/** Memory of a function is fixed by its configuration; the bench reads what its processes use at most. */
const MAX_FUNCTION_MB = 128

assertStack()
const bench = await Bench.start(root)
const missed = []
const limit = (kept, sentence) => {
  console.log(`${kept ? 'ok   ' : 'MISS '} ${sentence}`)
  if (!kept) missed.push(sentence)
}

const chosen = (all, name) => Object.entries(all).filter(([key]) => !name || key === name)
const results = {}
try {
  for (const [linkName, link] of chosen(links, options.link)) {
    for (const [setName, set] of chosen(sets, options.files)) {
      if (setName === 'thousands') continue
      console.log(`\n${set.title}, ${link.title}, ${DELAY_MS} ms of delay`)
      console.log('                      stored   verdicts   requests to       memory of the page')
      console.log('                        in s       in s   API      S3       heap     process')
      for (const [name, client] of chosen(clients, options.only)) {
        const result = await bench.measure(link, set, client)
        report(client.title, result)
        const isComplete = result.accepted === set.count
        const sentence = `${client.title}: ${result.accepted} of ${set.count} files; ${result.problem}`
        if (!isComplete && name === 'ours') limit(false, sentence)
        else if (!isComplete) console.log(`note  not compared: ${sentence}`)
        if (isComplete) results[`${linkName} ${setName} ${name}`] = result
      }
    }
  }
  if (options.full || options.files === 'thousands') await thousands()
} finally {
  await bench.stop()
}

console.log('\nLimits')
for (const setName of ['large', 'many']) {
  const get = (link, name) => results[`${link} ${setName} ${name}`]
  const [ours, five, six] = [get('shared', 'ours'), get('shared', 'uppy5'), get('connection', 'uppy6')]
  if (ours && five) {
    const ratio = ours.storedMs / five.storedMs
    limit(ratio <= MAX_SLOWER, `${sets[setName].title}, shared link: ${ratio.toFixed(2)} × the time of Uppy 5.1.0, at most ${MAX_SLOWER}`)
  }
  const mine = get('connection', 'ours')
  if (mine && six) {
    const ratio = six.storedMs / mine.storedMs
    const sentence = `${sets[setName].title}, cap for each connection: ${ratio.toFixed(2)} × as fast as Uppy 6.3.1`
    if (setName === 'large') limit(ratio >= MIN_FASTER, `${sentence}, at least ${MIN_FASTER}`)
    else console.log(`note  ${sentence}`)
  }
}
for (const [key, { api }] of Object.entries(results)) {
  if (!key.endsWith(' many ours')) continue
  const share = api / sets.many.count
  limit(share <= MAX_API_SHARE, `${key.split(' ')[0]} link: ${api} requests to the API for ${sets.many.count} files, at most ${MAX_API_SHARE * sets.many.count}`)
}
console.log(missed.length === 0 ? '\nall limits kept' : `\n${missed.length} limits missed`)
process.exitCode = missed.length === 0 ? 0 : 1

function report(title, { storedMs, verdictMs, api, s3, heapMb, processMb }) {
  const seconds = (ms) => (ms === undefined ? '–' : (ms / 1000).toFixed(1)).padStart(10)
  console.log(`  ${title.padEnd(18)}${seconds(storedMs)} ${seconds(verdictMs)} ${String(api).padStart(5)} ${String(s3).padStart(7)} ${`${heapMb} MB`.padStart(10)} ${`${processMb} MB`.padStart(9)}`)
}

/** 10,000 files: all verdicts, and memory that does not grow with the number of files. */
async function thousands() {
  const link = { delayMs: 0, sharedRate: mbit(10_000) }
  console.log(`\n${sets.thousands.title}, without a slow link`)
  const few = await bench.measure(link, { ...sets.thousands, title: '1,000 files', count: 1_000 }, clients.ours)
  report('1,000 files', few)
  const many = await bench.measure(link, sets.thousands, clients.ours, { functions: true })
  report('10,000 files', many)
  limit(many.accepted === sets.thousands.count, `${many.accepted} of ${sets.thousands.count} verdicts told; ${many.problem ?? 'no problem'}`)
  limit(many.api <= sets.thousands.count * MAX_API_SHARE, `${many.api} requests to the API`)
  limit(many.heapMb - few.heapMb <= MAX_THOUSANDS_MB, `heap of the page: ${few.heapMb} MB with 1,000 files, ${many.heapMb} MB with 10,000`)
  for (const [name, mb] of Object.entries(many.functions)) limit(mb <= MAX_FUNCTION_MB, `function ${name}: at most ${mb} MB`)
}
