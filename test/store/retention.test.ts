import assert from 'node:assert/strict'
import t from 'tap'
import { blockKey } from '../../src/store/layout.ts'
import { StoreWriter } from '../../src/store/writer.ts'
import { historyQuery, openStore, UNATTRIBUTED } from './open-store.ts'

const ALL = { start: blockKey(0, 0), end: blockKey(2 ** 32 - 1, 0) }

t.test('an idle ring is swept, the unattributed one too', async (t) => {
  const store = openStore(t)
  store.append({ key: 'idle' })
  store.append({ key: '' })
  t.equal(store.writer.hasTimers(store.now), false)
  store.now += 1001
  t.equal(store.writer.hasTimers(store.now), true)
  t.equal(store.sweep(), 2)
  t.equal([...store.environment.records.keys(ALL)].length, 0)
  t.match(store.reader().key('idle'), { records: 0, coverage: { evictedByAge: 1 } })
  t.match(store.reader().history(UNATTRIBUTED, historyQuery()), {
    records: [],
    coverage: { evictedByAge: 1 },
  })
  t.equal(store.writer.hasTimers(store.now), false)
})

t.test('sweeps of one ring keep their distance, and never end', async (t) => {
  const store = openStore(t)
  store.append({ key: 'steady' })
  let sweeps = 0
  for (let i = 0; i < 200; i++) {
    store.now += 10
    if (i % 10 === 0) store.append({ key: 'steady' })
    if (store.writer.hasTimers(store.now)) sweeps += store.sweep()
    assert.equal(store.writer.hasTimers(store.now), false)
  }
  // One second until the first, then every thirtieth of a second at most.
  t.ok(sweeps > 20 && sweeps <= 31, `${sweeps} sweeps`)
})

t.test('work is done in slices', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 10; i++)
      store.submit({ key: `k${i}` }, { destruction: 'scheduled', destroyAt: store.now + 1 })
  })
  store.now += 1
  t.equal(store.sweep(4), 4)
  t.equal(store.reader().keys('', 100).length, 6)
  t.equal(store.sweep(4), 4)
  t.equal(store.sweep(4), 2)
  t.equal(store.sweep(4), 0)
  t.equal(store.reader().keys('', 100).length, 0)
})

t.test('a reader hides what is too old before anybody swept it', async (t) => {
  const store = openStore(t)
  store.append({ key: 'idle', action: 'a' })
  store.now += 600
  store.append({ key: 'idle', action: 'b' })
  store.now += 401
  const reader = store.reader()
  const page = reader.history({ kind: 'key', key: 'idle' }, historyQuery())
  t.strictSame(
    page?.records.map(({ action }) => action),
    ['b'],
  )
  t.match(page, { total: 1, coverage: { evictedByAge: 1, oldest: store.now - 401 } })
  t.match(reader.key('idle'), { records: 1, lastActivity: store.now - 401 })
  store.now += 600
  t.match(reader.key('idle'), { records: 0, lastActivity: null, coverage: { evictedByAge: 2, oldest: null } })
  t.equal(reader.lastUse('idle'), null)
})

t.test('a reader keeps to a smaller retention than the writer had', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 40; i++) store.append({ key: 'k' })
  const reader = store.reader({ retention: { ...store.retention, records: 10 } })
  t.match(reader.key('k'), { records: 10, coverage: { evictedByCount: 30 } })
  t.equal(reader.history({ kind: 'key', key: 'k' }, historyQuery())?.records.at(-1)?.seq, 31)
})

t.test('a smaller retention reaches every ring, idle ones too, in slices; a larger one none', async (t) => {
  const store = openStore(t)
  const { environment, path, retention } = store
  const bytesOf = (): number =>
    [...environment.records.range(ALL)].reduce((sum, { value }) => sum + value.length, 0)
  for (let key = 0; key < 10; key++)
    store.commit(() => {
      for (let i = 0; i < 40; i++) store.submit({ key: `k${key}`, reason: 'x'.repeat(128) })
    })
  const restart = (records: number): void => {
    store.writer = new StoreWriter({ environment, path, retention: { ...retention, records }, maxRings: 100 })
  }
  const full = bytesOf()
  restart(400)
  t.equal(store.writer.hasTimers(store.now), false)
  restart(5)
  t.match(store.reader({ retention: { ...retention, records: 5 } }).key('k3'), { records: 5 })
  t.equal(bytesOf(), full)
  t.equal(store.writer.hasTimers(store.now), true)
  t.equal(store.sweep(4), 4)
  restart(5)
  t.equal(store.sweep(4), 4, 'another start goes on')
  t.equal(store.sweep(4), 2)
  t.equal(store.writer.hasTimers(store.now), false)
  t.ok(bytesOf() < full / 3)
  for (let key = 0; key < 10; key++) {
    const { records, coverage } = store.reader().key(`k${key}`) ?? {}
    t.match({ records, coverage }, { records: 5, coverage: { evictedByCount: 35 } })
  }
  store.now += 1001
  t.equal(store.sweep(100), 10, 'each ring has one sweep, as before')
})
