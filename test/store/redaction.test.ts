import t from 'tap'
import { blockKey } from '../../src/store/layout.ts'
import { historyQuery, keyRing, openStore, RETENTION, type TestStore, UNATTRIBUTED } from './open-store.ts'
import { verified } from './verified.ts'

const ALL = { start: blockKey(0, 0), end: blockKey(1, 0) }
const UNPROVEN = { keyProven: false }

/** The keys named by what the unattributed ring shows, oldest first. */
function named(store: TestStore): string[] {
  const page = store.reader().history(UNATTRIBUTED, historyQuery())
  return (page?.records ?? []).map(({ key }) => key).reverse()
}

function storedBytes(store: TestStore): Buffer {
  return Buffer.concat([...store.environment.records.range(ALL)].map(({ value }) => value))
}

t.test(
  'what named a key before its ring was opened is no longer read once the key is destroyed',
  async (t) => {
    const store = openStore(t)
    for (const key of ['doomed', 'other', 'doomed', 'doomed-too', '']) store.append({ key }, UNPROVEN)
    store.append({ key: 'doomed' })
    const before = store.reader().history(UNATTRIBUTED, historyQuery())?.coverage.head
    store.append({ key: 'doomed' }, { destruction: 'now' })
    t.strictSame(named(store), ['other', 'doomed-too', ''])
    const page = store.reader().history(UNATTRIBUTED, historyQuery())
    t.match(page, { total: 3, coverage: { redacted: 2, head: before } })
    t.notOk(
      storedBytes(store).includes('doomed\0') ||
        storedBytes(store)
          .toString('latin1')
          .match(/doomed(?!-too)/),
    )
    for (const query of [{ q: 'crypt' }, { outcome: 'failure' }, { requester: '' }, { limit: 1 }] as const)
      t.notOk(
        store
          .reader()
          .history(UNATTRIBUTED, historyQuery(query))
          ?.records.some(({ key }) => key === 'doomed'),
      )
  },
)

t.test('the chain goes on over a redaction to the head it had, and one more record', async (t) => {
  const store = openStore(t)
  store.append({ key: 'doomed', outcome: 'unknown' }, UNPROVEN)
  store.append({ key: 'doomed' })
  store.append({ key: 'doomed' }, { destruction: 'now' })
  t.match(store.reader().history(UNATTRIBUTED, historyQuery())?.coverage, { unknown: 0, redacted: 1 })
  store.append({ key: 'other' }, UNPROVEN)
  const report = verified(store.environment)
  t.equal(report.ok, true)
  t.match(report.rings, [{ key: '', records: 2, redacted: 1 }])
})

t.test('what was altered before a redaction is still found', async (t) => {
  const store = openStore(t)
  store.append({ key: 'altered', requestId: 'AAAA' }, UNPROVEN)
  store.append({ key: 'doomed' }, UNPROVEN)
  store.append({ key: 'doomed' })
  store.append({ key: 'doomed' }, { destruction: 'now' })
  const { environment } = store
  const [block] = [...environment.records.range(ALL)]
  const bytes = Buffer.from(block?.value ?? '')
  bytes[bytes.indexOf('AAAA')] = 0x42
  environment.transaction(() => environment.records.put(blockKey(0, 1), bytes))
  t.match(verified(environment).rings, [{ ok: false, damage: /redaction/ }])
})

t.test('a redaction in a key’s own ring is damage', async (t) => {
  const store = openStore(t)
  store.append({ key: 'doomed' }, UNPROVEN)
  store.append({ key: 'doomed' })
  store.append({ key: 'doomed' }, { destruction: 'now' })
  store.append({ key: 'kept' })
  const { environment } = store
  const [block] = [...environment.records.range(ALL)]
  environment.transaction(() => environment.records.put(blockKey(2, 1), block?.value ?? Buffer.alloc(0)))
  t.match(verified(environment).rings.at(-1), { key: 'kept', ok: false })
})

t.test('redactions are evicted like records, and paging goes past them', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 90; i++) store.append({ key: i % 3 === 0 ? 'kept' : 'doomed' }, UNPROVEN)
  store.append({ key: 'doomed' })
  store.append({ key: 'doomed' }, { destruction: 'now' })
  const seen: number[] = []
  for (let before: number | null = null; ; ) {
    const page = store.reader().history(UNATTRIBUTED, historyQuery({ limit: 5, before }))
    seen.push(...(page?.records ?? []).map(({ seq }) => seq))
    before = page?.nextBefore ?? null
    if (before === null) break
  }
  t.strictSame(
    seen,
    Array.from({ length: 17 }, (_, i) => 88 - 3 * i).filter((seq) => seq > 40),
  )
  for (let i = 0; i < RETENTION.records; i++) store.append({ key: 'late' }, UNPROVEN)
  t.match(store.reader().history(UNATTRIBUTED, historyQuery())?.coverage, { redacted: 0, evictedByCount: 90 })
  t.equal(verified(store.environment).ok, true)
})

t.test('a scheduled destruction redacts, too; attempts on a destroyed key are shown', async (t) => {
  const store = openStore(t)
  store.append({ key: 'doomed' }, UNPROVEN)
  store.append({ key: 'doomed' }, { destruction: 'scheduled', destroyAt: store.now + 10 })
  store.now += 10
  store.sweep()
  t.strictSame(named(store), [])
  store.now += 1
  store.append({ key: 'doomed', outcome: 'failure' }, UNPROVEN)
  t.strictSame(named(store), ['doomed'])
})

t.test('beyond the limit of rings a destroyed key leaves its tombstone and no record', async (t) => {
  const store = openStore(t, { maxRings: 1 })
  store.append({ key: 'first' })
  store.append({ key: 'second' })
  t.strictSame(named(store), ['second'])
  store.append({ key: 'second' }, { destruction: 'now' })
  t.strictSame(named(store), [])
  t.equal(store.reader().tombstone('second')?.records, 1)
  t.equal(store.reader().history(keyRing('second'), historyQuery()), null)
  t.equal(verified(store.environment).ok, true)
})
