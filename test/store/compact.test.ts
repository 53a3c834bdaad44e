import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compactStore } from '../../src/store/compact.ts'
import { openEnvironment, STORE_FILE } from '../../src/store/environment.ts'
import { smallFileSystem, unmountable } from '../helper/small-file-system.ts'
import { START, TestStore } from './open-store.ts'
import { livePagesWith, readPages } from './store-pages.ts'
import { verified } from './verified.ts'

const MAP_SIZE = 2 ** 28
const RETENTION = { records: 500, ageMs: 1e9, tombstoneMs: 1e9 }

/** Rings small and large side by side, some of which are destroyed in the end; closed. */
async function writeRings(path: string, size: (key: number) => number): Promise<void> {
  const store = new TestStore(path, RETENTION, 1000)
  const doomed = (key: number): boolean => key % 4 === 1
  for (let round = 0; round < 40; round++) {
    store.commit(() => {
      for (let key = 0; key < 60; key++) {
        const requestId = doomed(key) ? `CANARY-${key}-${round}` : `kept-${key}-${round}`
        for (let i = 0; i < size(key); i++) store.submit({ key: `key-${key}`, requestId })
      }
    })
    // Each at another time, and others are written to meanwhile.
    const key = round * 4 + 1
    if (round > 20 && key < 60) store.append({ key: `key-${key}` }, { destruction: 'now' })
  }
  for (let key = 1; key < 60; key += 4) {
    store.append({ key: `key-${key}`, requestId: `CANARY-${key}-last` })
    store.append({ key: `key-${key}` }, { destruction: 'now' })
  }
  await store.environment.close()
}

for (const [name, size] of [
  ['few records', () => 1],
  ['many and few', (key: number) => (key % 5 === 0 ? 12 : 1)],
] as const) {
  t.test(`a destroyed ring is in no live page at once, in no page after compacting: ${name}`, async (t) => {
    const path = t.testdir({})
    await writeRings(path, size)
    t.strictSame(livePagesWith(path, 'CANARY'), [])
    const file = join(path, STORE_FILE)
    t.ok(readFileSync(file).includes('CANARY'), 'free pages keep what they held')
    const { entries } = readPages(path)
    const { before, after } = await compactStore(path, MAP_SIZE)
    t.ok(after < before, `${before} bytes, then ${after}`)
    t.notOk(readFileSync(file).includes('CANARY'))
    t.strictSame(readPages(path).entries, entries)
    t.notOk(existsSync(join(path, 'compact')))
    const environment = openEnvironment({ path, access: 'write', mapSize: MAP_SIZE })
    t.equal(verified(environment).ok, true)
    await environment.close()
  })
}

t.test('what a killed one left behind is in nobody’s way', async (t) => {
  const path = t.testdir({})
  await writeRings(path, () => 1)
  mkdirSync(join(path, 'compact'))
  writeFileSync(join(path, 'compact', STORE_FILE), 'half a copy')
  await compactStore(path, MAP_SIZE)
  t.notOk(readFileSync(join(path, STORE_FILE)).includes('CANARY'))
})

t.test('a reader of the old file goes on with it', async (t) => {
  const path = t.testdir({})
  await writeRings(path, () => 1)
  const worker = openEnvironment({ path, access: 'read', mapSize: MAP_SIZE })
  t.teardown(() => worker.close())
  const before = [...worker.keys.keys({ start: Buffer.from([0]), end: Buffer.from([255]) })].length
  await compactStore(path, MAP_SIZE)
  t.equal([...worker.keys.keys({ start: Buffer.from([0]), end: Buffer.from([255]) })].length, before)
})

t.test('a damaged store, or none, is left as it is', async (t) => {
  const path = t.testdir({ store: {}, none: {} })
  await t.rejects(compactStore(join(path, 'none'), MAP_SIZE), { code: 'STORE_MISSING' })
  const store = new TestStore(join(path, 'store'), RETENTION, 10)
  for (let i = 0; i < 300; i++) store.append({ key: 'a', time: START })
  await store.environment.close()
  const file = join(path, 'store', STORE_FILE)
  const bytes = readFileSync(file)
  const block = bytes.lastIndexOf('encrypt')
  const [page = 0] = livePagesWith(join(path, 'store'), 'encrypt')
  bytes.fill(0, page * 4096, (page + 1) * 4096)
  writeFileSync(file, bytes)
  t.ok(block > 0)
  const { size } = statSync(file)
  await t.rejects(compactStore(join(path, 'store'), MAP_SIZE), { code: 'STORE_DAMAGED' })
  t.equal(statSync(file).size, size)
  t.notOk(existsSync(join(path, 'store', 'compact')))
})

const NO_MOUNT = unmountable()
if (NO_MOUNT !== false && process.env['CI'] === 'true') t.fail(NO_MOUNT)

t.test('without room for two it is refused, and nothing is changed', { skip: NO_MOUNT }, async (t) => {
  const path = smallFileSystem(t, 8)
  await writeRings(path, () => 12)
  const file = join(path, STORE_FILE)
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(join(path, 'filler'), Buffer.alloc(bavail * bsize - 2 ** 16))
  const before = readFileSync(file)
  await t.rejects(compactStore(path, MAP_SIZE), { code: 'STORE_UNWRITABLE' })
  t.ok(readFileSync(file).equals(before))
  t.notOk(existsSync(join(path, 'compact')))
  rmSync(join(path, 'filler'))
  await compactStore(path, MAP_SIZE)
  t.notOk(readFileSync(file).includes('CANARY'))
})
