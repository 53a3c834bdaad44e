import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { openEnvironment } from '../../src/store/environment.ts'
import { MAX_KEY_BYTES } from '../../src/store/layout.ts'
import { createReader } from '../../src/store/query.ts'
import type { Reader } from '../../src/store/reader.ts'
import { historyQuery, keyRing, openStore, START, type TestStore } from './open-store.ts'
import type { ReadingResult, ReadingTask } from './reading-thread.ts'

/** A ring of 2,000 records in some sixty blocks, one a millisecond; every hundredth is a failure. */
function longRing(t: Test): TestStore {
  const store = openStore(t, { retention: { records: 10_000, ageMs: 1e9, tombstoneMs: 1e9 } })
  store.commit(() => {
    for (let i = 1; i <= 2000; i++) {
      store.submit({ key: 'long', time: START + i, outcome: i % 100 === 0 ? 'failure' : 'success' })
    }
  })
  store.now += 3000
  return store
}

function sequences(reader: Reader, query: Parameters<typeof historyQuery>[0]): number[] | undefined {
  return reader.history(keyRing('long'), historyQuery(query))?.records.map(({ seq }) => seq)
}

function allKeys(reader: Reader, limit: number): string[] {
  const found: string[] = []
  for (let page = reader.keys('', limit); page.length > 0; page = reader.keys(found.at(-1) ?? '', limit)) {
    found.push(...page.map(({ key }) => key))
  }
  return found
}

t.test('keys are listed in the order of their bytes, page by page, however odd', async (t) => {
  const store = openStore(t)
  const odd = [
    'a',
    'a\0',
    'a\0\0',
    'a\0b',
    'a\x01',
    'aa',
    '\0',
    '\x7f',
    'é',
    'z',
    '\u2028',
    '\uffff',
    '🔑',
    'k',
    't',
    'u',
    'l',
    'm',
  ]
  const long = 'x'.repeat(MAX_KEY_BYTES)
  const keys = [...odd, long, `${long.slice(1)}y`]
  store.commit(() => {
    for (const key of keys) store.submit({ key })
    store.submit({ key: 'gone' })
    store.submit({ key: 'gone' }, { destruction: 'now' })
    store.submit({ key: '' })
  })
  const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const reader = store.reader()
  for (const limit of [1, 2, 7, 1000]) t.strictSame(allKeys(reader, limit), sorted, `${limit} a page`)
  t.strictSame(
    reader.keys(`${long}${long}`, 10).map(({ key }) => key),
    sorted.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(`${long}${long}`)) > 0).slice(0, 10),
  )
  t.strictSame(reader.keys('\u{10ffff}', 10), [])
  t.strictSame(
    reader.keys('b'.repeat(100_000), 100).map(({ key }) => key),
    sorted.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from('b')) > 0),
  )
})

t.test('what has no ring has no answer', async (t) => {
  const reader = openStore(t).reader()
  for (const key of ['nobody', '', '\0', 'k'.repeat(100_000)]) {
    t.equal(reader.key(key), null)
    t.equal(reader.history(keyRing(key), historyQuery()), null)
    t.equal(reader.lastUse(key), null)
    t.equal(reader.tombstone(key), null)
  }
  t.equal(reader.history({ kind: 'unattributed' }, historyQuery()), null)
  t.strictSame(reader.keys('', 10), [])
  t.strictSame(reader.tombstones(null, 10), { tombstones: [], nextBefore: null })
})

t.test('a period is cut exactly, at every millisecond', async (t) => {
  const reader = longRing(t).reader()
  for (const first of [-5, 0, 1, 2, 31, 32, 33, 34, 1000, 1999, 2000, 2001]) {
    for (const length of [0, 1, 40]) {
      const found = sequences(reader, { from: START + first, to: START + first + length })
      const expected = Array.from({ length: length + 1 }, (_, i) => first + length - i).filter(
        (i) => i >= 1 && i <= 2000,
      )
      t.strictSame(found, expected, `${first} and ${length} more`)
    }
  }
  t.strictSame(sequences(reader, { from: START + 10, to: START + 5 }), [])
  t.strictSame(sequences(reader, { from: 1e300 }), [])
  t.strictSame(sequences(reader, { to: -1 }), [])
  t.equal(sequences(reader, { from: -1e300, to: 1e300, limit: 5000 })?.length, 2000)
})

t.test('a query within its budget counts everything', async (t) => {
  const reader = longRing(t).reader({ budget: 2000 })
  const page = reader.history(keyRing('long'), historyQuery({ outcome: 'failure', limit: 3 }))
  t.match(page, { total: 20, nextBefore: 1800 })
  t.strictSame(
    page?.records.map(({ seq }) => seq),
    [2000, 1900, 1800],
  )
  t.match(reader.history(keyRing('long'), historyQuery({ outcome: 'failure', limit: 3, before: 150 })), {
    total: 20,
    nextBefore: null,
    records: [{ seq: 100 }],
  })
})

t.test('a query beyond its budget goes on where its scan stopped', async (t) => {
  const reader = longRing(t).reader({ budget: 250 })
  const found: number[] = []
  const pages: number[] = []
  let before: number | null = null
  do {
    const page = reader.history(keyRing('long'), historyQuery({ outcome: 'failure', before }))
    t.equal(page?.total, null)
    found.push(...(page?.records.map(({ seq }) => seq) ?? []))
    pages.push(page?.records.length ?? -1)
    before = page?.nextBefore ?? null
  } while (before !== null)
  t.strictSame(
    found,
    Array.from({ length: 20 }, (_, i) => 2000 - 100 * i),
  )
  t.strictSame(pages, [3, 2, 3, 2, 3, 2, 3, 2], 'eight scans of 250 records')
})

t.test('without a filter nothing is scanned, so no budget runs out', async (t) => {
  const reader = longRing(t).reader({ budget: 1 })
  t.match(reader.history(keyRing('long'), historyQuery({ limit: 2, offset: 1990 })), {
    total: 2000,
    nextBefore: 9,
    records: [{ seq: 10 }, { seq: 9 }],
  })
})

t.test('a period within the budget is counted, however long the ring', async (t) => {
  const reader = longRing(t).reader({ budget: 100 })
  const query = { from: START + 901, to: START + 1000, outcome: 'failure' as const }
  t.match(reader.history(keyRing('long'), historyQuery(query)), {
    total: 1,
    nextBefore: null,
    records: [{ seq: 1000 }],
  })
})

t.test('a reading thread sees whole commits only, while the writer goes on', async (t) => {
  const store = openStore(t)
  store.append({ key: 'busy' })
  const task: ReadingTask = {
    path: store.path,
    key: 'busy',
    retention: store.retention,
    now: store.now,
  }
  const thread = new Worker(new URL('./start-reading-thread.mjs', import.meta.url), { workerData: task })
  const done = once(thread, 'message')
  let running = true
  done.finally(() => {
    running = false
  })
  while (running) {
    store.commit(() => {
      for (let i = 0; i < 10; i++) store.submit({ key: 'busy', action: `commit-${i}` })
    })
    await new Promise(setImmediate)
  }
  const [result] = (await done) as [ReadingResult]
  t.strictSame(result.failures, [])
})

t.test('a reader of another environment sees each commit as soon as it is done', async (t) => {
  const store = openStore(t)
  const environment = openEnvironment({ path: store.path, access: 'read', mapSize: 2 ** 28 })
  t.teardown(() => environment.close())
  store.append({ key: 'long' })
  const reader = createReader({ environment, retention: store.retention, clock: () => store.now })
  for (let i = 2; i < 10; i++) {
    store.append({ key: 'long' })
    t.equal(sequences(reader, {})?.[0], i)
  }
})
