import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { credentialOf } from '../../src/store/credentials.ts'
import { openEnvironment, STORE_FILE } from '../../src/store/environment.ts'
import { derivedKey } from '../../src/store/meta.ts'
import { PageFile } from '../../src/store/page-file.ts'
import { repairEntries } from '../../src/store/repair.ts'
import { RETENTION as SHORT, START, TestStore } from './open-store.ts'
import { livePagesWith } from './store-pages.ts'

const RETENTION = { ...SHORT, records: 5000, ageMs: 1e9, tombstoneMs: 1e9 }
const MAP_SIZE = 2 ** 28
const TOKEN = Buffer.alloc(32, 1)
/** Its last byte is that of a destruction's own timer: nothing may take it for one. */
const DUE = START - (START % 256) + 100_000 * 256 + 1

interface Repaired {
  readonly store: TestStore
  readonly damage: readonly string[]
  /** Of the old store. */
  readonly credentialKey: Buffer
}

/**
 * Writes a store with a destroyed key, a known token, an idle key, and one whose destruction is scheduled; damages
 * it; opens what is made of it.
 */
async function repaired(t: Test, damaged: (path: string) => void): Promise<Repaired> {
  const old = new TestStore(join(t.testdir({ old: {}, new: {} }), 'old'), RETENTION, 1000)
  for (const key of ['gone', 'idle', 'doomed'])
    for (let i = 0; i < 100; i++) old.append({ key, requestId: `${key}-${i}.` })
  old.append({ key: 'gone', requester: { id: 'alice' } }, { destruction: 'now' })
  old.append({ key: 'doomed', requester: { id: 'bob' } }, { destruction: 'scheduled', destroyAt: DUE })
  old.commit(() => old.writer.learn({ hash: TOKEN, expires: DUE, issuer: 'carol', key: 'idle' }))
  const credentialKey = derivedKey(old.environment.meta, 'credentials')
  await old.environment.close()
  damaged(old.path)
  const target = openEnvironment({ path: join(t.testdirName, 'new'), access: 'write', mapSize: MAP_SIZE })
  const damage: string[] = []
  repairEntries(join(old.path, STORE_FILE), target, {
    ring: ({ key, missing }) => void (missing.length > 0 && damage.push(key)),
    damaged: (what) => void damage.push(what),
  })
  await target.close()
  const store = new TestStore(join(t.testdirName, 'new'), RETENTION, 1000)
  t.teardown(() => store.environment.close())
  return { store, damage, credentialKey }
}

function zeroPage(path: string, page: number): void {
  const file = join(path, STORE_FILE)
  const bytes = readFileSync(file)
  bytes.fill(0, page * 4096, (page + 1) * 4096)
  writeFileSync(file, bytes)
}

function rootOf(path: string, database: string): number {
  const pages = new PageFile(join(path, STORE_FILE), { damaged: () => undefined })
  const root = pages.databases().get(database) ?? null
  pages.close()
  if (root === null) throw new Error(`${database} is empty`)
  return root
}

const CASES: readonly { name: string; damaged: (path: string) => void; damage: number }[] = [
  { name: 'a whole store', damaged: () => undefined, damage: 0 },
  {
    name: 'its timers can’t be read',
    damaged: (path) => zeroPage(path, rootOf(path, 'schedule')),
    damage: 0,
  },
  {
    name: 'the ring’s records are damaged',
    damaged: (path) => zeroPage(path, livePagesWith(path, 'doomed-50.')[0] ?? -1),
    damage: 2,
  },
]

for (const { name, damaged, damage } of CASES) {
  t.test(`tombstones, tokens and timers arrive: ${name}`, async (t) => {
    const { store, ...told } = await repaired(t, damaged)
    const { environment } = store
    t.equal(told.damage.length, damage, told.damage.join('; '))
    t.match(store.reader().tombstone('gone'), { key: 'gone', by: 'alice', records: 101 })
    t.strictSame(derivedKey(environment.meta, 'credentials'), told.credentialKey)
    t.equal(credentialOf(environment.credentials, TOKEN, START)?.issuer, 'carol')

    store.sweep()
    store.now = DUE - 1
    store.sweep()
    t.match(store.reader().keys('', 9), [{ key: 'doomed' }, { key: 'idle' }], 'nothing goes too early')
    store.now = DUE
    store.sweep()
    t.match(store.reader().keys('', 9), [{ key: 'idle' }])
    t.match(store.reader().tombstone('doomed'), { channel: 'system', scheduledBy: 'bob' })
    t.equal(credentialOf(environment.credentials, TOKEN, store.now), null)

    store.now = START + 2 * RETENTION.ageMs
    store.sweep()
    const blocks = [...environment.records.keys({ start: Buffer.alloc(10), end: Buffer.alloc(10, 0xff) })]
    t.equal(blocks.length, 0, 'an idle ring is swept')
    const timers = [...environment.schedule.keys({ start: Buffer.from([0]), end: Buffer.from([0xff]) })]
    t.equal(timers.length, 1, 'a ring has one sweep')
  })
}
