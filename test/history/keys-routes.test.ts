import fc from 'fast-check'
import t from 'tap'
import { codeOf, DAY, NOW, record, ringOf, startHistory } from './history-fixture.ts'

interface KeysPage {
  keys: { key: string }[]
  nextCursor: string | null
}

t.test('one key', async (t) => {
  const { reader, get } = await startHistory(t, { retention: { records: 2, ageMs: 30 * DAY } })
  for (const outcome of ['success', 'failure', 'unknown'] as const)
    reader.append(ringOf('k'), record({ outcome }))
  reader.lose(ringOf('k'), 4)
  const expected = {
    key: 'k',
    state: 'live',
    since: '2026-10-01T12:00:00.000Z',
    records: 2,
    lastActivity: '2026-10-01T11:59:00.000Z',
    lastUse: { time: '2026-10-01T11:59:00.000Z' },
    failures24h: 1,
    coverage: {
      ...{ oldest: '2026-10-01T11:59:00.000Z', evictedByCount: 1, evictedByAge: 0, lost: 4, unknown: 1 },
      redacted: 0,
      head: { seq: 3, hash: reader.key('k')?.coverage.head.hash },
    },
  }
  t.same((await get('/v1/keys/k')).json, expected)
  reader.schedule('k', NOW + 3 * DAY)
  t.same((await get('/v1/keys/k')).json, {
    ...expected,
    state: 'destruction-scheduled',
    destroyAt: '2026-10-04T12:00:00.000Z',
  })
  t.same((await get('/v1/keys')).json, { keys: [(await get('/v1/keys/k')).json], nextCursor: null })
})

t.test('last use', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record({ class: 'manage' }))
  t.same((await get('/v1/keys/k/last-use')).json, { record: null })
  reader.append(ringOf('k'), record({ action: 'sign' }))
  reader.append(ringOf('k'), record({ action: 'verify', outcome: 'failure' }))
  reader.append(ringOf('k'), record({ action: 'info', class: 'read' }))
  t.match((await get('/v1/keys/k/last-use')).json, { record: { seq: 2, action: 'sign' } })
})

t.test('bad parameters', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  const cursor = (await get('/v1/keys?limit=1')).json
  t.match(cursor, { nextCursor: null })
  for (const [target, code] of [
    ['/v1/keys?limit=0', 'QUERY_INVALID'],
    ['/v1/keys?page=1', 'QUERY_INVALID'],
    [`/v1/keys?prefix=${'%C3%A9'.repeat(513)}`, 'QUERY_INVALID'],
    [`/v1/keys?after=${'x'.repeat(1025)}`, 'QUERY_INVALID'],
    ['/v1/keys?after=a&cursor=b', 'QUERY_INVALID'],
    ['/v1/keys?cursor=abc', 'CURSOR_INVALID'],
    ['/v1/keys?cursor=', 'CURSOR_INVALID'],
    [`/v1/keys?cursor=${'A'.repeat(3000)}`, 'QUERY_INVALID'],
    ['/v1/keys/k?limit=1', 'QUERY_INVALID'],
    ['/v1/keys/k/last-use?x', 'QUERY_INVALID'],
    ['/v1/tombstones?cursor=abc', 'CURSOR_INVALID'],
    ['/v1/tombstones?limit=1001', 'QUERY_INVALID'],
  ] as const) {
    const answer = await get(target)
    t.equal(answer.status, 400, target.slice(0, 60))
    t.equal(codeOf(answer), code, target.slice(0, 60))
  }
})

t.test('property: a listing, page by page, is what the prefix and the start ask for', async (t) => {
  const { reader, get } = await startHistory(t)
  const id = fc.string({ unit: fc.constantFrom('a', 'b', '/', '%', 'é', '😀', '\uffee', ' '), maxLength: 4 })
  const ids = fc.sample(id, 40).filter((key) => key !== '')
  for (const key of ids) reader.append(ringOf(key), record())
  const bytes = (text: string): Buffer => Buffer.from(text)
  const sorted = [...new Set(ids)].sort((one, other) => Buffer.compare(bytes(one), bytes(other)))
  await fc.assert(
    fc.asyncProperty(id, id, fc.integer({ min: 1, max: 7 }), async (prefix, after, limit) => {
      const found: string[] = []
      const filters = `prefix=${encodeURIComponent(prefix)}&limit=${limit}`
      let next: string | null = `&after=${encodeURIComponent(after)}`
      while (next !== null) {
        const { json } = await get(`/v1/keys?${filters}${next}`)
        const { keys, nextCursor } = json as KeysPage
        if (keys.length > limit) return false
        found.push(...keys.map(({ key }) => key))
        next = nextCursor === null ? null : `&cursor=${nextCursor}`
      }
      const expected = sorted.filter(
        (key) => key.startsWith(prefix) && (after === '' || Buffer.compare(bytes(key), bytes(after)) > 0),
      )
      return JSON.stringify(found) === JSON.stringify(expected)
    }),
    { numRuns: 100 },
  )
  t.pass()
})

t.test('property: any key id is found again by its path', async (t) => {
  const { reader, get } = await startHistory(t)
  const id = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom('/', '%', '%2F', '..', '.', ':', ';', '?', '#', '\\', '\0', 'k', ' ', '+'),
      minLength: 1,
    }),
  )
  await fc.assert(
    fc.asyncProperty(id, async (key) => {
      if (Buffer.byteLength(key) > 1024) return
      reader.append(ringOf(key), record())
      for (const target of [
        `/v1/keys/${encodeURIComponent(key)}`,
        // every byte escaped, as careful clients of dot segments do
        `/v1/keys/${Buffer.from(key).toString('hex').replace(/../g, '%$&')}`,
      ]) {
        const { status, json } = await get(target)
        if (status !== 200 || (json as { key: string }).key !== key) throw new Error(`${target} ${status}`)
        const history = await get(`${target}/history`)
        if (history.status !== 200) throw new Error(`${target}/history ${history.status}`)
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('an id is decoded once', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('a/b'), record())
  reader.append(ringOf('a%2Fb'), record())
  t.match((await get('/v1/keys/a%2Fb')).json, { key: 'a/b' })
  t.match((await get('/v1/keys/a%2fb/history')).json, { records: [{ key: 'a/b' }] })
  t.match((await get('/v1/keys/a%252Fb')).json, { key: 'a%2Fb' })
  t.equal((await get('/v1/keys/a/b')).status, 404)
  t.equal(codeOf(await get('/v1/keys/a/b')), 'NOT_FOUND')
})
