import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { STORE_FILE } from '../../src/store/environment.ts'
import { blockKey, scheduleKey } from '../../src/store/layout.ts'
import { historyQuery, keyRing, openStore, START, type TestStore, UNATTRIBUTED } from './open-store.ts'

const ALL = { start: blockKey(0, 0), end: blockKey(2 ** 32 - 1, 0) }

function blocks(store: TestStore): number {
  return [...store.environment.records.keys(ALL)].length
}

function timers(store: TestStore): number {
  return [...store.environment.schedule.keys({ start: scheduleKey(0, 0, 0), end: scheduleKey(2, 0, 0) })]
    .length
}

t.test('a destroyed key leaves its tombstone and nothing else', async (t) => {
  const store = openStore(t)
  store.append({ key: 'other' })
  const blocksBefore = blocks(store)
  for (let i = 0; i < 200; i++) store.append({ key: 'gone', action: 'encrypt' })
  store.now += 5
  const by = { key: 'gone', action: 'delete-key', requester: { id: 'alice' }, address: '198.51.100.9' }
  const before = store.reader().key('gone')
  store.append(by, { destruction: 'now' })
  const reader = store.reader()
  t.equal(reader.key('gone'), null)
  t.equal(reader.history(keyRing('gone'), historyQuery()), null)
  t.equal(reader.lastUse('gone'), null)
  t.strictSame(
    reader.keys('', 10).map(({ key }) => key),
    ['other'],
  )
  t.equal(blocks(store), blocksBefore)
  const tombstone = reader.tombstone('gone')
  t.match(tombstone, { key: 'gone', time: store.now, by: 'alice', address: '198.51.100.9', records: 201 })
  t.match(tombstone?.hash, /^[0-9a-f]{64}$/)
  t.not(tombstone?.hash, before?.coverage.head.hash, 'the deletion itself is in the hash')
  t.strictSame(reader.tombstones(null, 10), { tombstones: [tombstone], nextBefore: null })
})

t.test('records of the very commit that destroys the key go too', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 100; i++) store.submit({ key: 'brief', requestId: `marker-${i}` })
    store.submit({ key: 'brief' }, { destruction: 'now' })
  })
  t.equal(blocks(store), 0)
  t.equal(store.reader().tombstone('brief')?.records, 101)
  t.notOk(readFileSync(join(store.path, STORE_FILE)).includes('marker-'), 'they never came to the disk')
})

t.test('a ring of more blocks than are removed at a time goes as a whole', async (t) => {
  const store = openStore(t, { retention: { records: 3000, ageMs: 1e9, tombstoneMs: 1e9 } })
  const wide = '\u2028'.repeat(256)
  store.commit(() => {
    for (let i = 0; i < 2500; i++)
      store.submit({ key: 'large', action: wide, requester: { id: wide, credential: wide } })
  })
  t.ok(blocks(store) > 1000)
  store.append({ key: 'large' }, { destruction: 'now' })
  t.equal(blocks(store), 0)
})

t.test('an old tombstone that goes leaves a newer one of its key in its place', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  store.now += 50_000
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  store.now += 20_000
  store.sweep()
  t.equal(store.reader().tombstone('phoenix')?.time, START + 50_000)
  t.equal(store.reader().tombstones(null, 10).tombstones.length, 1)
})

t.test('a key id that appears again gets a new ring, with a chain of its own', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix' })
  const first = store.reader().key('phoenix')
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  store.now += 10
  store.append({ key: 'phoenix', action: 'create-key' })
  const second = store.reader().key('phoenix')
  t.match(second, { since: START + 10, records: 1, coverage: { head: { seq: 1 } } })
  t.not(second?.coverage.head.hash, first?.coverage.head.hash)
  t.equal(store.reader().tombstone('phoenix')?.time, START, 'the tombstone stays')
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  t.equal(store.reader().tombstone('phoenix')?.time, START + 10, 'the newest one counts')
  t.equal(store.reader().tombstones(null, 10).tombstones.length, 2)
})

t.test('destroyed and appearing again within one commit', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix', action: 'old' })
  store.commit(() => {
    store.submit({ key: 'phoenix' }, { destruction: 'now' })
    store.submit({ key: 'phoenix', action: 'new' })
  })
  const page = store.reader().history(keyRing('phoenix'), historyQuery())
  t.strictSame(
    page?.records.map(({ action }) => action),
    ['new'],
  )
  t.equal(blocks(store), 1)
})

t.test('a record that was under way when its key was destroyed is counted, and opens no ring', async (t) => {
  const store = openStore(t)
  store.append({ key: 'gone' })
  store.now += 100
  store.append({ key: 'gone' }, { destruction: 'now' })
  store.now += 50
  store.append({ key: 'gone', durationMs: 60 })
  t.equal(store.reader().key('gone'), null)
  t.equal(store.reader().tombstone('gone')?.records, 3)
  t.equal(store.reader().history(UNATTRIBUTED, historyQuery()), null)
  store.append({ key: 'gone', durationMs: 50 })
  t.equal(store.reader().key('gone')?.records, 1, 'one that began when the key was gone is of a new key')
})

t.test('a request for a destroyed key that fails is nobody’s', async (t) => {
  const store = openStore(t)
  store.append({ key: 'gone' }, { destruction: 'now' })
  store.now += 100
  store.append({ key: 'gone', outcome: 'failure' }, { keyProven: false })
  t.equal(store.reader().key('gone'), null)
  t.equal(store.reader().tombstone('gone')?.records, 1)
  t.equal(store.reader().history(UNATTRIBUTED, historyQuery())?.records[0]?.key, 'gone')
})

t.test('after a clock’s step back, a key that appears again is not taken for late', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix', time: START + 50_000 })
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  t.equal(store.reader().tombstone('phoenix')?.time, START)
  store.now += 10
  store.append({ key: 'phoenix' })
  t.equal(store.reader().key('phoenix')?.records, 1)
})

t.test('a scheduled destruction is carried out when it is due, in the name of who asked', async (t) => {
  const store = openStore(t)
  const due = START + 500
  const asked = { key: 'doomed', requester: { id: 'bob' }, address: '198.51.100.8' }
  store.append(asked, { destruction: 'scheduled', destroyAt: due })
  t.match(store.reader().key('doomed'), { state: 'destruction-scheduled', destroyAt: due, records: 1 })
  store.now = due - 1
  t.equal(store.writer.hasTimers(store.now), false)
  store.sweep()
  t.ok(store.reader().key('doomed'))
  store.now = due
  t.equal(store.writer.hasTimers(store.now), true)
  store.sweep()
  t.equal(store.reader().key('doomed'), null)
  t.match(store.reader().tombstone('doomed'), {
    time: due,
    by: 'system',
    channel: 'system',
    scheduledBy: 'bob',
    address: '198.51.100.8',
    records: 1,
  })
  t.equal(blocks(store), 0)
})

t.test('a scheduled destruction can be cancelled, and moved', async (t) => {
  const store = openStore(t)
  store.append({ key: 'spared' }, { destruction: 'scheduled', destroyAt: START + 500 })
  store.append({ key: 'moved' }, { destruction: 'scheduled', destroyAt: START + 500 })
  store.append({ key: 'spared' }, { destruction: 'cancelled' })
  store.append({ key: 'moved' }, { destruction: 'scheduled', destroyAt: START + 900 })
  t.match(store.reader().key('spared'), { state: 'live', destroyAt: null })
  store.now += 600
  store.sweep()
  t.ok(store.reader().key('spared'))
  t.equal(store.reader().key('moved')?.destroyAt, START + 900)
  store.now += 300
  store.sweep()
  t.ok(store.reader().key('spared'))
  t.equal(store.reader().key('moved'), null)
})

t.test('a cancellation without anything scheduled changes nothing', async (t) => {
  const store = openStore(t)
  store.append({ key: 'calm' }, { destruction: 'cancelled' })
  t.match(store.reader().key('calm'), { state: 'live', destroyAt: null, records: 1 })
})

t.test('a due date of long ago is due at once, one beyond all time is kept as the last', async (t) => {
  const store = openStore(t)
  store.append({ key: 'past' }, { destruction: 'scheduled', destroyAt: 0 })
  store.append({ key: 'future' }, { destruction: 'scheduled', destroyAt: 1e300 })
  t.match(store.reader().key('past'), { state: 'destruction-scheduled' })
  store.sweep()
  t.equal(store.reader().key('past'), null)
  t.equal(store.reader().key('future')?.destroyAt, 2 ** 48 - 1)
})

t.test('a timer of a destroyed ring leaves the next ring of that key alone', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix' }, { destruction: 'scheduled', destroyAt: START + 500 })
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  store.now += 300
  store.append({ key: 'phoenix' })
  store.now += 300
  store.append({ key: 'phoenix' })
  store.sweep()
  t.equal(store.reader().key('phoenix')?.records, 2)
  t.equal(timers(store), 2, 'a sweep of each')
  store.now += 400
  t.equal(store.sweep(), 1)
  t.equal(timers(store), 1, 'the sweep of the new ring')
})

t.test('tombstones are listed newest first, page by page, and go when they are old', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 25; i++) {
    store.append({ key: `key-${i}` }, { destruction: 'now' })
    if (i % 3 === 0) store.now += 1
  }
  const reader = store.reader()
  const seen: string[] = []
  let before: string | null = null
  do {
    const page = reader.tombstones(before, 10)
    t.ok(page.tombstones.length <= 10)
    seen.push(...page.tombstones.map(({ key }) => key))
    before = page.nextBefore
  } while (before !== null)
  t.strictSame(
    seen,
    Array.from({ length: 25 }, (_, i) => `key-${24 - i}`),
  )
  t.equal(reader.tombstones(null, 25).nextBefore, null)
  t.throws(() => reader.tombstones('zz', 10), { code: 'CURSOR_INVALID' })
  store.now = START + 60_000 + 4
  store.sweep()
  t.equal(reader.tombstone('key-0'), null)
  t.strictSame(
    reader.tombstones(null, 100).tombstones.map(({ key }) => key),
    Array.from({ length: 15 }, (_, i) => `key-${24 - i}`),
  )
  t.equal(reader.tombstone('key-24')?.key, 'key-24')
})

t.test('once it is due a ring shows nothing, though nobody has carried that out yet', async (t) => {
  const store = openStore(t)
  store.append({ key: 'doomed' }, { destruction: 'scheduled', destroyAt: START + 500 })
  store.now += 499
  t.equal(store.reader().history(keyRing('doomed'), historyQuery())?.total, 1)
  store.now += 1
  const reader = store.reader()
  t.match(reader.history(keyRing('doomed'), historyQuery()), { records: [], total: 0 })
  t.match(reader.key('doomed'), { records: 0, lastActivity: null, destroyAt: START + 500 })
  t.equal(reader.lastUse('doomed'), null)
})

t.test(
  'what was under way when the key was destroyed does not get into the next ring of its id',
  async (t) => {
    const store = openStore(t)
    store.append({ key: 'phoenix' }, { destruction: 'now' })
    store.now += 10
    store.append({ key: 'phoenix', action: 'create-key' })
    store.now += 10
    store.append({ key: 'phoenix', action: 'late', durationMs: 21 })
    t.equal(store.reader().key('phoenix')?.records, 1)
    t.equal(store.reader().tombstone('phoenix')?.records, 2)
    store.append({ key: 'phoenix', action: 'early', durationMs: 20 })
    t.equal(store.reader().key('phoenix')?.records, 2, 'it began when the old key was gone')
  },
)

t.test('after the clock was put back a new key of that id is recorded, not taken for late', async (t) => {
  const store = openStore(t)
  store.append({ key: 'phoenix' }, { destruction: 'now' })
  store.now -= 3_600_000
  store.append({ key: 'phoenix', durationMs: 5 })
  store.append({ key: 'phoenix', durationMs: 5 })
  t.equal(store.reader().key('phoenix')?.records, 2)
  t.equal(store.reader().tombstone('phoenix')?.records, 1)
})

t.test('readers are told which keys were destroyed', async (t) => {
  const store = openStore(t)
  store.append({ key: 'gone' })
  const { position } = store.reader().keyChanges(null)
  store.append({ key: 'gone' }, { destruction: 'now' })
  t.strictSame(store.reader().keyChanges(position).keys, ['gone'])
})
