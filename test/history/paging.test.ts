import fc from 'fast-check'
import t from 'tap'
import { codeOf, DAY, NOW, record, ringOf, startHistory } from './history-fixture.ts'

interface Page {
  records: { seq: number; action: string }[]
  nextCursor: string | null
}

t.test('property: paging while records come and go gives no duplicate and no gap', async (t) => {
  const scenario = fc.record({
    kept: fc.integer({ min: 1, max: 30 }),
    before: fc.integer({ min: 0, max: 40 }),
    limit: fc.integer({ min: 1, max: 7 }),
    between: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 12 }),
    filtered: fc.boolean(),
  })
  // A budget smaller than the ring: a filtered page may be short, or empty, and yet have a next one.
  const fixture = await startHistory(t, { retention: { records: 30_000, ageMs: 30 * DAY, budget: 5 } })
  let run = 0
  await fc.assert(
    fc.asyncProperty(scenario, async ({ kept, before, limit, between, filtered }) => {
      const { reader, get } = fixture
      const key = `key-${run++}`
      let appended = 0
      let clock = NOW - DAY
      fixture.now = NOW
      const append = (): void => {
        clock += 1000
        reader.append(ringOf(key), record({ time: clock, action: appended++ % 3 === 0 ? 'sign' : 'verify' }))
      }
      // Ageing out stands in for a full ring: `kept` seconds are within the retention.
      const evict = (): void => {
        fixture.now = clock + 30 * DAY - (kept - 1) * 1000
      }
      append()
      for (let i = 0; i < before; i++) append()
      evict()
      const seen: number[] = []
      let cursor: string | null = null
      let gone = Math.max(0, appended - kept)
      const newestAtStart = appended
      for (let step = 0; ; step++) {
        const query = `limit=${limit}${filtered ? '&action=sign' : ''}${cursor === null ? '' : `&cursor=${cursor}`}`
        const { records, nextCursor } = (await get(`/v1/keys/${key}/history?${query}`)).json as Page
        seen.push(...records.map(({ seq }) => seq))
        if (nextCursor === null) break
        cursor = nextCursor
        for (let i = 0; i < (between[step] ?? 0); i++) append()
        evict()
        gone = Math.max(0, appended - kept)
      }
      const wanted = (seq: number): boolean => !filtered || (seq - 1) % 3 === 0
      const descending = seen.every((seq, i) => i === 0 || seq < (seen[i - 1] ?? 0))
      const must = Array.from({ length: newestAtStart }, (_, i) => i + 1).filter(
        (seq) => seq > gone && wanted(seq),
      )
      return (
        descending &&
        seen.every((seq) => seq <= newestAtStart && wanted(seq)) &&
        must.every((seq) => seen.includes(seq))
      )
    }),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('a cursor is good for its own query only', async (t) => {
  const { reader, get } = await startHistory(t)
  for (const key of ['a', 'b']) for (let i = 0; i < 3; i++) reader.append(ringOf(key), record())
  for (let i = 0; i < 3; i++) reader.append({ kind: 'unattributed' }, record())
  const first = await get('/v1/keys/a/history?limit=1&action=encrypt&from=2026-10-01T00:00:00Z')
  const cursor = (first.json as Page).nextCursor
  t.type(cursor, 'string')
  const same = await get(
    `/v1/keys/a/history?limit=2&action=encrypt&from=${Date.parse('2026-10-01')}&cursor=${cursor}`,
  )
  t.same(
    (same.json as Page).records.map(({ seq }) => seq),
    [2, 1],
    'another limit, and the same time otherwise written, is the same query',
  )
  for (const target of [
    `/v1/keys/b/history?action=encrypt&from=2026-10-01T00:00:00Z&cursor=${cursor}`,
    `/v1/keys/a/history?action=decrypt&from=2026-10-01T00:00:00Z&cursor=${cursor}`,
    `/v1/keys/a/history?action=encrypt&cursor=${cursor}`,
    `/v1/keys/a/history?cursor=${cursor}`,
    `/v1/unattributed/history?action=encrypt&from=2026-10-01T00:00:00Z&cursor=${cursor}`,
    `/v1/keys?cursor=${cursor}`,
    `/v1/tombstones?cursor=${cursor}`,
    `/v1/keys/a/history?limit=1&action=encrypt&from=2026-10-01T00:00:00Z&cursor=${cursor?.slice(0, -1)}`,
  ]) {
    const answer = await get(target)
    t.equal(answer.status, 400, target)
    t.equal(codeOf(answer), 'CURSOR_INVALID', target)
  }
})

t.test('a cursor ends with its ring', async (t) => {
  const fixture = await startHistory(t)
  const { reader, get } = fixture
  for (let i = 0; i < 3; i++) reader.append(ringOf('k'), record())
  const { nextCursor } = (await get('/v1/keys/k/history?limit=1')).json as Page
  reader.destroy('k', 'a', '')
  t.equal(codeOf(await get(`/v1/keys/k/history?limit=1&cursor=${nextCursor}`)), 'KEY_DESTROYED')
  fixture.now += 1
  for (let i = 0; i < 9; i++) reader.append(ringOf('k'), record())
  t.equal(codeOf(await get(`/v1/keys/k/history?limit=1&cursor=${nextCursor}`)), 'CURSOR_INVALID')
})

t.test('tombstones, page by page', async (t) => {
  const { reader, get } = await startHistory(t)
  const keys = Array.from({ length: 7 }, (_, i) => `k${i}`)
  for (const key of keys) {
    reader.append(ringOf(key), record())
    reader.destroy(key, `사용자-${key}`, '192.0.2.1')
  }
  const found: string[] = []
  let next: string | null = ''
  while (next !== null) {
    const { json } = await get(`/v1/tombstones?limit=3${next}`)
    const page = json as { tombstones: { key: string }[]; nextCursor: string | null }
    found.push(...page.tombstones.map(({ key }) => key))
    next = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`
  }
  t.same(found, [...keys].reverse())
})
