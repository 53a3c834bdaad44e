import t, { type Test } from 'tap'
import { FIRST_RECORD, nextRecord, recordEnd } from '../../src/store/block.ts'
import { type Bounds, type Environment, openEnvironment } from '../../src/store/environment.ts'
import { blockKey, ringStateKey, seqOfBlockKey, UNATTRIBUTED_KEY } from '../../src/store/layout.ts'
import { TEXT_OFFSET } from '../../src/store/record-codec.ts'
import { decodeRingState, encodeRingState, type RingState } from '../../src/store/ring-state.ts'
import { openStore, START, type TestStore } from './open-store.ts'
import { verified } from './verified.ts'

const RETENTION = { records: 500, ageMs: 1e9, tombstoneMs: 1e9 }

/** A store with a ring of 500 records, 100 more evicted, in more than ten blocks. */
function fullStore(t: Test): TestStore {
  const store = openStore(t, { retention: RETENTION })
  store.commit(() => {
    for (let i = 0; i < 600; i++) {
      const outcome = i % 10 === 0 ? 'unknown' : 'success'
      store.submit({ key: 'full', time: START + Math.floor(i / 40), items: i, outcome })
    }
  })
  store.now += 200
  store.append({ key: 'small' })
  store.append({ key: '' })
  return store
}

function stateOf({ environment }: TestStore, key: string): RingState {
  const stored = environment.keys.get(ringStateKey(key))
  if (stored === undefined) throw new Error(`no ring of ${key}`)
  return decodeRingState(stored)
}

function blocksOf(store: TestStore, key: string): { seq: number; bytes: Buffer }[] {
  const { ring } = stateOf(store, key)
  const bounds = { start: blockKey(ring, 0), end: blockKey(ring + 1, 0) }
  return [...store.environment.records.range(bounds)].map(({ key, value }) => ({
    seq: seqOfBlockKey(key),
    bytes: value,
  }))
}

/** Changes the bytes of the block that starts at `seq`. */
function tamper(store: TestStore, seq: number, change: (bytes: Buffer) => Buffer | undefined): void {
  const { records } = store.environment
  const place = blockKey(stateOf(store, 'full').ring, seq)
  const bytes = records.get(place)
  if (bytes === undefined) throw new Error(`no block at ${seq}`)
  const changed = change(bytes) ?? bytes
  store.environment.transaction(() => records.put(place, changed))
}

/** The environment as it would be with other bytes in the block that starts at `seq`. */
function withBlock({ environment }: TestStore, seq: number, bytes: Buffer): Environment {
  function* range(bounds: Bounds): Iterable<{ key: Uint8Array; value: Buffer }> {
    for (const { key, value } of environment.records.range(bounds)) {
      yield { key, value: seqOfBlockKey(key) === seq ? bytes : value }
    }
  }
  return { ...environment, records: { ...environment.records, range } }
}

function changeState(store: TestStore, change: Partial<RingState>): void {
  const { keys } = store.environment
  const changed = encodeRingState({ ...stateOf(store, 'full'), ...change })
  store.environment.transaction(() => keys.put(ringStateKey('full'), changed))
}

/** What verify says of the tampered ring; all others must be found well. */
function damageOf(t: Test, store: TestStore): string {
  const report = verified(store.environment)
  const [damaged] = report.rings.filter(({ ok }) => !ok)
  t.equal(report.ok, false)
  t.equal(report.damagedRings, 1)
  t.equal(damaged?.key, 'full')
  return damaged?.damage ?? ''
}

t.test('an untouched store verifies, ring by ring', async (t) => {
  const store = fullStore(t)
  t.strictSame(verified(store.environment), {
    ok: true,
    rings: [
      { key: '', records: 1, ok: true },
      { key: 'full', records: 500, ok: true },
      { key: 'small', records: 1, ok: true },
    ],
    records: 502,
    damagedRings: 0,
    damage: [],
  })
  t.match(verified(store.environment, { key: 'full' }), {
    ok: true,
    rings: [{ key: 'full' }],
    records: 500,
  })
  t.throws(() => verified(store.environment, { key: 'nobody' }), { code: 'KEY_UNKNOWN' })
  t.throws(() => verified(store.environment, { key: '' }), { code: 'KEY_UNKNOWN' })
})

t.test('an empty store verifies, and rings emptied or destroyed', async (t) => {
  const store = openStore(t)
  t.match(verified(store.environment), { ok: true, rings: [], records: 0 })
  store.append({ key: 'idle' })
  store.append({ key: 'gone' }, { destruction: 'now' })
  store.commit(() => store.writer.countLost('', 1))
  store.now += 5000
  store.sweep()
  t.match(verified(store.environment), {
    ok: true,
    rings: [
      { key: '', records: 0 },
      { key: 'idle', records: 0 },
    ],
  })
})

t.test('any flipped bit of any block is found', async (t) => {
  const store = fullStore(t)
  const blocks = blocksOf(store, 'full')
  t.ok(blocks.length > 10)
  for (const { seq, bytes } of [blocks[0], blocks[5], blocks.at(-1)].filter((block) => block !== undefined)) {
    const missed: number[] = []
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      if (verified(withBlock(store, seq, changed), { key: 'full' }).ok) missed.push(at)
    }
    // What the oldest block is anchored in has been evicted: only that hash stands for itself.
    t.strictSame(
      missed.filter((at) => seq !== blocks[0]?.seq || at < 15 || at >= 47),
      [],
      `block of record ${seq}`,
    )
  }
})

t.test('a changed record is found between its block and the next', async (t) => {
  const store = fullStore(t)
  const [block, next] = blocksOf(store, 'full').slice(5)
  tamper(store, block?.seq ?? 0, (bytes) => {
    bytes.write('d', FIRST_RECORD + TEXT_OFFSET)
    return bytes
  })
  t.equal(
    damageOf(t, store),
    `records ${block?.seq} to ${(next?.seq ?? 0) - 1}: the hash up to there is not the one that the block of record ${next?.seq} goes on from`,
  )
})

t.test('two records that changed places are found', async (t) => {
  const store = fullStore(t)
  const newest = stateOf(store, 'full').tailBlock
  tamper(store, newest, (bytes) => {
    const end = recordEnd(bytes, FIRST_RECORD)
    const second = nextRecord(end)
    const secondEnd = recordEnd(bytes, second)
    return Buffer.concat([
      bytes.subarray(0, FIRST_RECORD - 2),
      bytes.subarray(second - 2, secondEnd),
      bytes.subarray(FIRST_RECORD - 2, end),
      bytes.subarray(secondEnd),
    ])
  })
  t.match(damageOf(t, store), new RegExp(`^records ${newest} to 600: the hash`))
})

t.test('a missing block is found, wherever it is missing', async (t) => {
  const expected = {
    first: /^expected the block of record \d+, found/,
    middle: /^expected the block of/,
    last: /missing/,
  }
  for (const [name, message] of Object.entries(expected)) {
    const store = fullStore(t)
    const blocks = blocksOf(store, 'full')
    const index = { first: 0, middle: 5, last: blocks.length - 1 }[name] ?? 0
    const { ring } = stateOf(store, 'full')
    const place = blockKey(ring, blocks[index]?.seq ?? 0)
    store.environment.transaction(() => store.environment.records.remove(place))
    t.match(damageOf(t, store), message, name)
    await store.environment.close()
  }
})

t.test('a block that does not belong is found', async (t) => {
  for (const seq of [1, 10_000]) {
    const store = fullStore(t)
    const { ring, tailBlock } = stateOf(store, 'full')
    const bytes = store.environment.records.get(blockKey(ring, tailBlock)) ?? Buffer.alloc(0)
    store.environment.transaction(() => store.environment.records.put(blockKey(ring, seq), bytes))
    t.match(damageOf(t, store), /^expected the block of record/)
    await store.environment.close()
  }
})

t.test('a newest block that was cut short is found', async (t) => {
  const store = fullStore(t)
  const { tailBlock } = stateOf(store, 'full')
  tamper(store, tailBlock, (bytes) => bytes.subarray(0, bytes.length - 1))
  t.equal(damageOf(t, store), `block of record ${tailBlock}: its bytes are no block`)
  tamper(store, tailBlock, () => Buffer.alloc(3))
  t.equal(damageOf(t, store), `block of record ${tailBlock}: its bytes are no block`)
})

t.test('an altered state is found, each of its numbers', async (t) => {
  const store = fullStore(t)
  const whole = stateOf(store, 'full')
  const changes: Partial<RingState>[] = [
    { ring: 99 },
    { firstSeq: whole.firstSeq + 1 },
    { nextSeq: whole.nextSeq + 1 },
    { nextSeq: whole.nextSeq - 1 },
    { nextSeq: whole.firstSeq },
    { firstBlock: whole.firstBlock + 1 },
    { firstBlock: 0 },
    { firstBlock: whole.nextSeq },
    { tailBlock: whole.firstBlock },
    { tailBlock: 0 },
    { evictedByCount: whole.evictedByCount - 1 },
    { evictedByAge: 1 },
    { unknown: whole.unknown + 1 },
    { newestTime: whole.newestTime + 1 },
    { oldestTime: START + 1e6 },
    { lastUseSeq: whole.lastUseSeq - 1 },
    { lastUseSeq: 0 },
    { lastUseTime: whole.lastUseTime + 1 },
    { hash: Buffer.alloc(32) },
  ]
  for (const change of changes) {
    changeState(store, change)
    t.equal(verified(store.environment, { key: 'full' }).ok, false, JSON.stringify(change))
    changeState(store, whole)
  }
  store.environment.transaction(() => store.environment.keys.put(ringStateKey('full'), Buffer.from('short')))
  t.match(damageOf(t, store), /^ring state: expected version 1/)
})

t.test('a ring that another key’s was copied over is found', async (t) => {
  const store = openStore(t, { retention: RETENTION })
  store.append({ key: 'mine' })
  store.append({ key: 'yours' })
  const { keys } = store.environment
  const mine = keys.get(ringStateKey('mine')) ?? Buffer.alloc(0)
  store.environment.transaction(() => keys.put(ringStateKey('yours'), mine))
  const { ok, damage, rings } = verified(store.environment)
  t.equal(ok, false)
  t.equal(rings.find(({ key }) => key === 'yours')?.damage?.startsWith('the genesis'), true)
  t.strictSame(damage, ['ring 1: expected one key, found mine and yours', 'ring 2: has blocks, but no state'])
})

t.test('what a destruction left behind is found, and rings miscounted', async (t) => {
  const store = fullStore(t)
  store.environment.transaction(() => store.environment.keys.remove(ringStateKey('full')))
  t.strictSame(verified(store.environment), {
    ok: false,
    rings: [
      { key: '', records: 1, ok: true },
      { key: 'small', records: 1, ok: true },
    ],
    records: 2,
    damagedRings: 0,
    damage: ['meta: expected 1 rings, found a count of 2', 'ring 1: has blocks, but no state'],
  })
  store.environment.transaction(() => store.environment.keys.remove(UNATTRIBUTED_KEY))
  t.equal(verified(store.environment).damage[1], 'ring 0: has blocks, but no state')
})

t.test('a reading environment verifies beside the writer, each time one snapshot', async (t) => {
  const store = fullStore(t)
  const reading = openEnvironment({ path: store.path, access: 'read', mapSize: 2 ** 28 })
  t.teardown(() => reading.close())
  for (let i = 0; i < 20; i++) {
    store.commit(() => {
      for (let j = 0; j < 30; j++) store.submit({ key: 'full' })
    })
    t.match(verified(reading), { ok: true, records: 502 })
  }
})
