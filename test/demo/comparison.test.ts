import t from 'tap'
import { compare } from '../../src/demo/comparison.ts'
import type { SeenHistory, SeenRecord, SeenRing } from '../../src/demo/seen-history.ts'
import type { Expectation } from '../../src/devkms/traffic/expectation.ts'

const AT = 1_700_000_000_000
const NOTHING: SeenRing = { records: [], evictedByCount: 0 }

t.test('a request is found in the ring of its key, or among those of no known key', async (t) => {
  const seen = history({ a: ring([record({ key: 'a' })]) }, ring([record({ key: 'b' }), record({ key: '' })]))
  const sent = [expectation({ key: 'a' }), expectation({ key: 'b' }), expectation({ key: '' })]
  t.match(compare(sent, seen), { inKey: 1, unattributed: 2, destroyed: 0, evicted: 0, missing: [], left: [] })
})

t.test('a record that differs in anything is not the request’s', async (t) => {
  const different: Partial<SeenRecord>[] = [
    { key: 'b' },
    { time: new Date(AT + 5000).toISOString() },
    { time: new Date(AT - 5000).toISOString() },
    { channel: 'console' },
    { requester: { id: 'bob' } },
    { requester: {} },
    { action: 'decrypt' },
    { outcome: 'failure' },
    { status: 201 },
  ]
  const sent = [expectation({})]
  for (const fields of different) {
    const seen = history({ a: ring([record(fields)]) })
    t.same(compare(sent, seen).missing, sent, JSON.stringify(fields))
  }
})

t.test('a record stands for one request only', async (t) => {
  const sent = [expectation({}), expectation({ sentAt: AT + 1 })]
  t.match(compare(sent, history({ a: ring([record({})]) })), { inKey: 1, missing: [{ sentAt: AT }] })
  t.match(compare(sent, history({ a: ring([record({}), record({})]) })), { inKey: 2, missing: [] })
})

t.test('where no answer came, any outcome will do', async (t) => {
  const sent = [expectation({ outcome: 'unknown', status: 0 })]
  for (const outcome of ['success', 'failure', 'unknown'] as const)
    t.match(compare(sent, history({ a: ring([record({ outcome, status: 502 })]) })), {
      inKey: 1,
      missing: [],
    })
  t.match(compare(sent, history({ a: NOTHING })), { inKey: 0, missing: sent })
})

t.test('a small step of the clock is no loss', async (t) => {
  const times = [AT - 900, AT + 1000]
  for (const time of times) {
    const seen = history({ a: ring([record({ time: new Date(time).toISOString() })]) })
    t.match(compare([expectation({})], seen), { inKey: 1, missing: [] })
  }
})

t.test('what a key’s destruction took away is not missing, what came after it is', async (t) => {
  const sent = [
    expectation({ answeredAt: AT + 1 }),
    expectation({ action: 'delete-key', sentAt: AT + 2, answeredAt: AT + 3, destroyedKey: 'a' }),
    expectation({ sentAt: AT + 4, answeredAt: AT + 5 }),
  ]
  const gone = { ...history({}), tombstones: new Set(['a']) }
  t.match(compare(sent, gone), { destroyed: 2, missing: [{ sentAt: AT + 4 }], left: [] })
  t.same(compare(sent, history({})).left, ['a'], 'no tombstone')
  t.same(compare(sent, { ...history({ a: NOTHING }), tombstones: new Set(['a']) }).left, ['a'], 'a ring')
})

t.test('what had to give way to newer records is not missing', async (t) => {
  const sent = [expectation({ answeredAt: AT + 1 }), expectation({ sentAt: AT + 10, answeredAt: AT + 11 })]
  const newest = record({ time: new Date(AT + 10).toISOString() })
  const evicting = { records: [newest], evictedByCount: 1 }
  t.match(compare(sent, history({ a: evicting })), { inKey: 1, evicted: 1, missing: [] })
  t.match(compare(sent, history({ a: ring([newest]) })), { inKey: 1, evicted: 0, missing: [{ sentAt: AT }] })
  const late = [...sent, expectation({ sentAt: AT + 20, answeredAt: AT + 21 })]
  t.match(compare(late, history({ a: evicting })), { evicted: 1, missing: [{ sentAt: AT + 20 }] })
})

function expectation(fields: Partial<Expectation>): Expectation {
  return {
    sentAt: AT,
    answeredAt: AT + 100,
    key: 'a',
    channel: 'api',
    action: 'encrypt',
    requester: 'alice',
    outcome: 'success',
    status: 200,
    ...fields,
  }
}

function record(fields: Partial<SeenRecord>): SeenRecord {
  return {
    time: new Date(AT + 1).toISOString(),
    channel: 'api',
    requester: { id: 'alice' },
    action: 'encrypt',
    key: 'a',
    outcome: 'success',
    status: 200,
    ...fields,
  }
}

function ring(records: readonly SeenRecord[]): SeenRing {
  return { records, evictedByCount: 0 }
}

function history(rings: Readonly<Record<string, SeenRing>>, unattributed = NOTHING): SeenHistory {
  return { rings: new Map(Object.entries(rings)), unattributed, tombstones: new Set() }
}
