// The stores, without a browser.

import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { indexedDbStore } from '../dist/store-indexeddb.js'
import { fileStore } from '../dist/store-node.js'

const folder = await mkdtemp(join(tmpdir(), 'sluice-store-'))
after(() => rm(folder, { recursive: true }))

const DAY_MS = 24 * 3_600_000
const stores = { IndexedDB: indexedDbStore, 'a JSON file': (name = 'default') => fileStore(join(folder, `${name}.json`)) }

for (const [what, open] of Object.entries(stores)) {
  test(`uploads are kept, replaced and removed: ${what}`, async () => {
    const store = open()
    const upload = { id: '1', key: 'k', savedAt: Date.now() }
    assert.equal(await store.get('a'), undefined)
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.set(`f${index}`, { ...upload, id: String(index) })))
    await store.set('f7', { ...upload, partSize: 5 })
    assert.deepEqual(await open().get('f7'), { ...upload, partSize: 5 })
    assert.equal((await open().get('f49')).id, '49')
    await store.delete('f7')
    await store.delete('f7')
    assert.equal(await open().get('f7'), undefined)
  })

  test(`names keep users apart, and old uploads go: ${what}`, async () => {
    await open('one').set('a', { id: '1', key: 'k', savedAt: Date.now() - 31 * DAY_MS })
    assert.equal(await open('two').get('a'), undefined)
    const store = open('one')
    await store.get('b')
    assert.equal(await store.get('a'), undefined)
  })
}

test('a file that is no JSON is an error, and is not overwritten', async () => {
  const path = join(folder, 'broken.json')
  await writeFile(path, '{')
  await assert.rejects(fileStore(path).get('a'), SyntaxError)
  assert.equal(await readFile(path, 'utf8'), '{')
})
