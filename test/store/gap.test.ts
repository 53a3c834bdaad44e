import t from 'tap'
import { beginRun, type Gap, gapsOf, KEPT_GAPS, type Run } from '../../src/store/gap.ts'
import { historyQuery, keyRing, openStore, START, type TestStore } from './open-store.ts'

/** Starts on the store: what may have been lost before. */
function start(store: TestStore, run: Partial<Run> = {}): Gap | null {
  let gap: Gap | null = null
  store.commit(() => {
    gap = store.writer.beginRun({ durability: 'async', boot: 'one', time: store.now, ...run })
    store.writer.setMark({ epoch: 1, slots: [], clean: false })
  })
  return gap
}

function stop(store: TestStore): void {
  store.commit(() => store.writer.setMark({ epoch: 1, slots: [], clean: true }))
}

t.test('an unclean end in async declares what lies between the newest record and the start', async (t) => {
  const store = openStore(t, { retention: { records: 50, ageMs: 10_000, tombstoneMs: 60_000 } })
  t.equal(start(store), null, 'nothing ran before the very first start')
  store.now += 100
  store.append({ key: 'k' })
  store.append({ key: 'k', time: store.now + 5 })
  store.now += 1000
  const gap = { from: START + 105, to: START + 1100 }
  t.strictSame(start(store), gap)
  t.strictSame(store.reader().history(keyRing('k'), historyQuery())?.coverage.gaps, [gap])
  t.strictSame(store.reader().key('k')?.coverage.gaps, [gap])
  t.equal(store.reader().keys('', 10)[0]?.coverage.gaps, undefined, 'not once a key')
  stop(store)
  store.now += 5000
  t.equal(start(store), null, 'a clean end loses nothing')
  store.now += 6000
  t.equal(store.reader().key('k')?.coverage.gaps, undefined, 'gaps are as old as records get')
})

t.test('starts that break off one after the other leave one gap, from the newest record on', async (t) => {
  const store = openStore(t)
  start(store)
  for (const wait of [10, 20, 30]) {
    store.now += wait
    start(store)
  }
  t.strictSame(gapsOf(store.environment.meta), [{ from: START, to: START + 60 }])
  store.commit(() => {
    store.submit({ key: 'k', time: START + 70 })
    store.writer.beginRun({ durability: 'async', boot: 'one', time: START + 80 })
    // What a recovery gives to intents without an outcome is older than the run.
    store.submit({ key: 'k', time: START + 1 })
  })
  store.now = START + 90
  t.strictSame(start(store), { from: START + 80, to: START + 90 })
  t.strictSame(gapsOf(store.environment.meta).slice(1), [{ from: START + 70, to: START + 90 }])
})

t.test('by durability: strict loses nothing, committed where the machine has started anew', async (t) => {
  const store = openStore(t)
  const gapAfter = (before: Partial<Run>, now: Partial<Run>): boolean => {
    stop(store)
    start(store, before)
    return start(store, now) !== null
  }
  t.notOk(gapAfter({ durability: 'strict' }, { durability: 'async', boot: 'two' }))
  t.notOk(gapAfter({ durability: 'committed' }, {}))
  t.ok(gapAfter({ durability: 'committed' }, { durability: 'strict', boot: 'two' }))
  t.ok(gapAfter({ durability: 'committed', boot: '' }, { boot: '' }), 'where nobody can tell')
  t.ok(gapAfter({ durability: 'async' }, { durability: 'strict' }))
})

t.test(
  'none is forgotten: the oldest are joined; a clock that was put back makes no gap negative',
  async (t) => {
    const store = openStore(t)
    start(store)
    store.commit(() => {
      for (let i = 1; i <= KEPT_GAPS + 5; i++) {
        store.submit({ key: 'k', time: START + 10 * i })
        const run = { durability: 'async', boot: '', time: START + 10 * i + 5 } as const
        store.writer.beginRun(run)
      }
    })
    store.commit(() => undefined)
    const { meta } = store.environment
    const gaps = gapsOf(meta)
    t.ok(gaps.length <= KEPT_GAPS)
    store.environment.transaction(() => {
      for (let i = 0; i < 2 * KEPT_GAPS; i++) {
        // In two steps back and one forward, none begins where another ended.
        const time = START + 10_000 + (i % 2 === 0 ? 100 + i : i)
        beginRun(meta, { durability: 'async', boot: '', time })
      }
    })
    t.equal(gapsOf(meta)[0]?.from, gaps[0]?.from)
    t.ok(gapsOf(meta).every(({ from, to }) => from <= to))
    t.ok(gapsOf(meta).length <= KEPT_GAPS)
  },
)
