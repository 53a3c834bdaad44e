import t from 'tap'
import type { RecordFilter } from '../../src/store/reader.ts'
import { modelHistogram, modelNewer } from '../helper/model-figures.ts'
import { historyQuery, keyRing, openStore, START } from './open-store.ts'

const NO_FILTER: RecordFilter = { q: '', action: '', requester: '', address: '', channel: '', outcome: '' }
const OUTCOMES = ['success', 'failure', 'unknown', 'success'] as const
const ACTIONS = ['encrypt', 'decrypt', '키 삭제', 'sign', 'encrypt'] as const

/** 500 records in several blocks, one each 10 ms, of which the newest 400 are kept. */
function variedRing(t: Parameters<typeof openStore>[0]) {
  const store = openStore(t, { retention: { records: 400, ageMs: 1e9, tombstoneMs: 1e9 } })
  store.commit(() => {
    for (let i = 0; i < 500; i++) {
      store.submit({
        key: 'k',
        time: START + i * 10,
        outcome: OUTCOMES[i % 4] ?? 'success',
        action: ACTIONS[i % 5] ?? '',
        requester: { id: `acct-${i % 60}` },
      })
    }
  })
  store.now += 5000
  const kept = [...(store.reader().history(keyRing('k'), historyQuery())?.records ?? [])].reverse()
  return { store, reader: store.reader(), kept }
}

t.test('a histogram counts what a search finds', async (t) => {
  const { reader, kept } = variedRing(t)
  t.equal(kept.length, 400)
  for (const filter of [
    {},
    { action: 'encrypt' },
    { outcome: 'failure' },
    { q: 'ACCT-7' },
    { q: '삭제' },
  ] as const) {
    for (const [from, to, bucketMs] of [
      [START, START + 5000, 100],
      [START + 1234, START + 3333, 7],
      [START + 4990, START + 4990, 1],
      [START - 500, START - 1, 60],
    ] as const) {
      const query = { ...NO_FILTER, ...filter, from, to, bucketMs }
      t.strictSame(reader.histogram(keyRing('k'), query), modelHistogram(kept, query), JSON.stringify(query))
    }
  }
  t.equal(reader.histogram(keyRing('other'), { ...NO_FILTER, from: 0, to: 1, bucketMs: 1 }), null)
})

t.test('a histogram says where its work budget ended', async (t) => {
  const { store, kept } = variedRing(t)
  const query = { ...NO_FILTER, from: START, to: START + 9999, bucketMs: 1000 }
  const found = store.reader({ budget: 150 }).histogram(keyRing('k'), query)
  t.equal(found?.countedFrom, kept.at(-150)?.time)
  t.same(found, { ...modelHistogram(kept.slice(-150), query), countedFrom: found?.countedFrom })
})

t.test('what is newer comes oldest first, each record once', async (t) => {
  const { reader, kept } = variedRing(t)
  for (const filter of [NO_FILTER, { ...NO_FILTER, action: 'sign' }, { ...NO_FILTER, q: 'acct-1' }]) {
    for (const after of [0, 100, 101, 250, 499, 500]) {
      t.strictSame(
        reader.newer('k', filter, after, 1000),
        modelNewer({ nextSeq: 501, since: START }, kept, filter, after, 1000),
      )
    }
    const seqs: number[] = []
    for (let position = 300; position < 500; ) {
      const found = reader.newer('k', filter, position, 7)
      seqs.push(...(found?.records.map(({ seq }) => seq) ?? []))
      position = found?.position ?? 500
    }
    t.strictSame(
      seqs,
      modelNewer({ nextSeq: 501, since: START }, kept, filter, 300, 1000).records.map(({ seq }) => seq),
    )
  }
  t.match(reader.newer('k', NO_FILTER, 40, 10), { missed: 60, position: 110, head: 500 })
  t.match(
    reader.newer('k', NO_FILTER, 9000, 10),
    { records: [], missed: 0, position: 500 },
    'of an earlier ring',
  )
  t.equal(reader.newer('other', NO_FILTER, 0, 10), null)
})

t.test('failures of a period, and of what came since', async (t) => {
  const { store, reader, kept } = variedRing(t)
  const failed = kept.filter(({ outcome }) => outcome === 'failure')
  t.equal(reader.failures('k', 0, 0)?.failures, failed.length)
  const from = START + 3000
  t.equal(reader.failures('k', from, 0)?.failures, failed.filter(({ time }) => time >= from).length)
  t.equal(reader.failures('k', from, 450)?.failures, failed.filter(({ seq }) => seq > 450).length)
  t.strictSame(reader.failures('k', from, 500), { failures: 0, position: 500 })
  t.equal(reader.failures('other', 0, 0), null)
  t.equal(store.reader({ budget: 399 }).failures('k', 0, 0), null, 'too many to count')
})

t.test('the last use of a key, and which keys were written to', async (t) => {
  const store = openStore(t)
  const reader = store.reader()
  const start = reader.keyChanges(null)
  t.equal(start.keys, null)
  store.append({ key: 'a', time: START + 1 })
  store.append({ key: 'b\0c', time: START + 2, outcome: 'failure' })
  store.append({ key: 'a', time: START + 3, class: 'manage' })
  const { keys, position } = reader.keyChanges(start.position)
  t.strictSame([...(keys ?? [])].sort(), ['a', 'b\0c'])
  t.strictSame(reader.keyChanges(position), { keys: [], position })
  t.strictSame(reader.keyUses('', 10), [
    { key: 'a', lastUse: START + 1 },
    { key: 'b\0c', lastUse: 0 },
  ])
  t.strictSame(reader.keyUses('a', 1), [{ key: 'b\0c', lastUse: 0 }])
  store.append({ key: 'a', time: START + 9 }, { destruction: 'now' })
  t.equal(reader.keyUse('a'), null)
  for (let i = 0; i < 1100; i++) store.commit(() => store.submit({ key: 'b\0c', outcome: 'failure' }))
  t.equal(reader.keyChanges(position).keys, null, 'too long ago')
  const before = reader.keyChanges(null).position
  store.commit(() => {
    for (let i = 0; i < 200; i++) store.submit({ key: `${i}-${'x'.repeat(900)}` })
  })
  t.equal(reader.keyChanges(before).keys, null, 'too many at once')
})
