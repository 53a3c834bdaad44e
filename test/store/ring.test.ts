import assert from 'node:assert/strict'
import t from 'tap'
import { blockCount } from '../../src/store/block.ts'
import { genesisHash, nextHash } from '../../src/store/chain.ts'
import { blockKey, ringStateKey } from '../../src/store/layout.ts'
import { decodeRingState, type RingState } from '../../src/store/ring-state.ts'
import { auditRecord, recordBytes } from './audit-record.ts'
import { historyQuery, keyRing, openStore, START, type TestStore } from './open-store.ts'

const ALL = { start: blockKey(0, 0), end: blockKey(2 ** 32 - 1, 0) }

function stateOf(store: TestStore, key: string): RingState {
  const stored = store.environment.keys.get(ringStateKey(key))
  if (stored === undefined) throw new Error(`no ring of ${key}`)
  return decodeRingState(stored)
}

function sequences(store: TestStore, key = 'tag-1'): number[] {
  return (
    store
      .reader()
      .history(keyRing(key), historyQuery())
      ?.records.map(({ seq }) => seq) ?? []
  )
}

function countdown(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, i) => from - i)
}

t.test('records get consecutive numbers and come back newest first', async (t) => {
  const store = openStore(t)
  for (let i = 1; i <= 5; i++) store.append({ action: `action-${i}` })
  const page = store.reader().history(keyRing('tag-1'), historyQuery())
  t.strictSame(
    page?.records.map(({ seq, action }) => [seq, action]),
    [
      [5, 'action-5'],
      [4, 'action-4'],
      [3, 'action-3'],
      [2, 'action-2'],
      [1, 'action-1'],
    ],
  )
})

t.test('the chain is the hash of every record after the genesis, over blocks and commits', async (t) => {
  const store = openStore(t, { retention: { records: 1000, ageMs: 1000, tombstoneMs: 0 } })
  let hash = genesisHash(store.writer.instance, 1, 'tag-1')
  for (let commit = 0; commit < 20; commit++) {
    store.now += 1
    store.commit(() => {
      for (let i = 0; i < 7; i++) {
        store.submit({ items: i })
        hash = nextHash(hash, recordBytes(auditRecord({ time: store.now, durationMs: 0, items: i })))
      }
    })
    t.equal(store.reader().key('tag-1')?.coverage.head.hash, hash.toString('hex'))
  }
  t.ok([...store.environment.records.keys(ALL)].length > 3, 'several blocks')
})

t.test('the newest records stay, exactly as many as the retention says', async (t) => {
  const store = openStore(t)
  for (let i = 1; i <= 200; i++) {
    store.append()
    const { firstSeq, nextSeq, evictedByCount } = stateOf(store, 'tag-1')
    assert.deepEqual([nextSeq - firstSeq, evictedByCount], [Math.min(i, 50), Math.max(0, i - 50)])
  }
  t.strictSame(sequences(store), countdown(200, 151))
})

t.test('one commit may bring more records than the ring keeps', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 500; i++) store.submit()
  })
  t.strictSame(sequences(store), countdown(500, 451))
  t.match(stateOf(store, 'tag-1'), { evictedByCount: 450, evictedByAge: 0 })
})

t.test('blocks of evicted records are removed', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 30; i++) {
    store.commit(() => {
      for (let j = 0; j < 40; j++) store.submit()
    })
  }
  const stored = [...store.environment.records.range(ALL)].reduce(
    (sum, { value }) => sum + blockCount(value),
    0,
  )
  t.ok(stored < 50 + 40, `${stored} records stored, 50 kept and at most one block more`)
})

t.test('what is too old goes with the next commit, and its age is why', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 10; i++) {
    store.append()
    store.now += 100
  }
  // The records' ages are now 1000, 900, … 100: a record may be exactly as old as the retention says.
  store.append()
  t.strictSame(sequences(store), countdown(11, 1))
  store.now += 1
  store.append()
  t.strictSame(sequences(store), countdown(12, 2))
  t.match(stateOf(store, 'tag-1'), { evictedByAge: 1, evictedByCount: 0 })
})

t.test('a record both too old and too many counts as too old', async (t) => {
  const store = openStore(t)
  store.commit(() => {
    for (let i = 0; i < 50; i++) store.submit()
  })
  store.now += 1001
  t.match(store.reader().key('tag-1')?.coverage, { evictedByAge: 50, evictedByCount: 0 })
  store.append()
  t.match(store.reader().key('tag-1')?.coverage, { evictedByAge: 50, evictedByCount: 0 })
})

t.test('a ring emptied by age goes on with its numbers and its chain', async (t) => {
  const store = openStore(t)
  store.append()
  store.append()
  const { head } = store.reader().key('tag-1')?.coverage ?? {}
  store.now += 5000
  store.sweep()
  t.equal([...store.environment.records.keys(ALL)].length, 0)
  t.match(store.reader().key('tag-1'), { records: 0, lastActivity: null, coverage: { oldest: null, head } })
  store.append()
  t.strictSame(sequences(store), [3])
  const record = recordBytes(auditRecord({ time: store.now, durationMs: 0 }))
  const hash = nextHash(Buffer.from(head?.hash ?? '', 'hex'), record)
  t.match(store.reader().key('tag-1')?.coverage, {
    evictedByAge: 2,
    head: { seq: 3, hash: hash.toString('hex') },
  })
})

t.test('a clock that steps back is held at the newest time, and counted', async (t) => {
  const store = openStore(t)
  store.append({ time: START + 500 })
  store.append({ time: START + 100, action: 'late' })
  store.append({ time: START + 600 })
  const page = store.reader().history(keyRing('tag-1'), historyQuery())
  t.strictSame(
    page?.records.map(({ time }) => time - START),
    [600, 500, 500],
  )
  t.equal(stateOf(store, 'tag-1').clamped, 1)
})

t.test('a raised time outlives the records that raised it', async (t) => {
  const store = openStore(t)
  store.append({ time: START + 10 })
  store.now += 2000
  store.sweep()
  store.now = START
  store.append()
  t.equal(store.reader().lastUse('tag-1')?.time, START + 10)
})

t.test('records with outcome unknown are counted as long as they are kept', async (t) => {
  const store = openStore(t)
  for (let i = 0; i < 60; i++) {
    store.append({ outcome: i % 10 === 0 ? 'unknown' : 'success' })
    store.now += 10
  }
  t.equal(store.reader().key('tag-1')?.coverage.unknown, 5)
  store.now += 600
  // The writer has not evicted yet what a reader does not see any more.
  t.equal(stateOf(store, 'tag-1').unknown, 5)
  t.match(store.reader().key('tag-1'), { records: 40, coverage: { unknown: 4 } })
  store.sweep()
  t.equal(stateOf(store, 'tag-1').unknown, 4)
})

t.test('records of any size share a ring', async (t) => {
  const store = openStore(t)
  const reasons = Array.from({ length: 50 }, (_, i) => '\u2028'.repeat((i * 37) % 128))
  const wide = '\u2028'.repeat(256)
  for (const [i, reason] of reasons.entries())
    store.append({ reason, requester: { id: i % 3 === 0 ? wide : 'a' } })
  const page = store.reader().history(keyRing('tag-1'), historyQuery())
  t.strictSame(page?.records.map(({ reason }) => reason).reverse(), reasons)
})

t.test('a missing block is damage, not an empty answer', async (t) => {
  const store = openStore(t)
  store.append()
  const { ring, tailBlock } = stateOf(store, 'tag-1')
  store.environment.transaction(() => store.environment.records.remove(blockKey(ring, tailBlock)))
  t.throws(() => store.append(), { code: 'STORE_DAMAGED' })
})
