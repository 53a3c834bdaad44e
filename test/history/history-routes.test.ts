import t from 'tap'
import { codeOf, DAY, NOW, record, ringOf, startHistory } from './history-fixture.ts'

interface Page {
  records: { seq: number; time: string }[]
  nextCursor: string | null
  total: number
  coverage: Record<string, unknown>
}

t.test('a page: newest first, absent values left out', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  reader.append(
    ringOf('k'),
    record({
      time: NOW - 1,
      channel: 'console',
      requester: { id: '', kind: 'token', credential: 'a1b2' },
      outcome: 'failure',
      status: 401,
      errorCode: '200',
      requestId: 'trace-1',
      keyVersion: '3',
      items: 2,
      reason: 'acl',
    }),
  )
  const answer = await get('/v1/keys/k/history')
  t.equal(answer.status, 200)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.same((answer.json as Page).records, [
    {
      ...{ seq: 2, time: '2026-10-01T11:59:59.999Z', durationMs: 12, channel: 'console' },
      ...{ address: '203.0.113.7', addressSource: 'socket' },
      requester: { kind: 'token', credential: 'a1b2', verified: false },
      ...{ action: 'encrypt', class: 'use', key: 'k', keyVersion: '3', outcome: 'failure', status: 401 },
      ...{ errorCode: '200', requestId: 'trace-1', items: 2, reason: 'acl' },
    },
    {
      ...{ seq: 1, time: '2026-10-01T11:59:00.000Z', durationMs: 12, channel: 'api' },
      ...{ address: '203.0.113.7', addressSource: 'socket' },
      requester: { id: 'acct-1', kind: 'account', credential: 'AKID1', verified: true },
      ...{ action: 'encrypt', class: 'use', key: 'k', outcome: 'success', status: 200 },
    },
  ])
  const { total, nextCursor, coverage } = answer.json as Page
  t.match({ total, nextCursor }, { total: 2, nextCursor: null })
  t.match(coverage, {
    oldest: '2026-10-01T11:59:00.000Z',
    evictedByCount: 0,
    head: { seq: 2, hash: /^\w{64}$/ },
  })
})

t.test('filters', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record({ time: NOW - 3000, action: 'decrypt', errorCode: 'Denied-7' }))
  reader.append(ringOf('k'), record({ time: NOW - 2000, channel: 'console', address: '2001:db8::1' }))
  reader.append(ringOf('k'), record({ time: NOW - 1000, outcome: 'unknown', status: 0 }))
  const seqs = async (query: string): Promise<number[]> =>
    ((await get(`/v1/keys/k/history?${query}`)).json as Page).records.map((one) => one.seq)
  for (const [query, expected] of [
    ['', [3, 2, 1]],
    [`from=${NOW - 2000}`, [3, 2]],
    [`to=${NOW - 2000}`, [2, 1]],
    [`from=${NOW - 2000}&to=${NOW - 2000}`, [2]],
    ['from=2026-10-01T11:59:58Z', [3, 2]],
    ['from=2026-10-01T20:59:58%2B09:00', [3, 2]],
    ['from=2026-10-01T20:59:58+09:00', [3, 2]],
    ['q=DENIED', [1]],
    ['q=unkn', [3]],
    ['q=20', [3, 2, 1]],
    ['action=decrypt', [1]],
    ['action=decryp', []],
    ['requester=acct-1&limit=2', [3, 2]],
    ['address=2001:db8::1', [2]],
    ['channel=console', [2]],
    ['outcome=unknown', [3]],
    ['action=&q=&requester=&address=', [3, 2, 1]],
  ] as const) {
    t.same(await seqs(query), expected, query)
  }
})

t.test('every query is answered from what was recorded before it', async (t) => {
  const fixture = await startHistory(t)
  fixture.reader.append(ringOf('k'), record())
  for (const target of [
    '/v1/keys',
    '/v1/keys/k',
    '/v1/keys/k/history',
    '/v1/keys/k/last-use',
    '/v1/tombstones',
  ]) {
    const before = fixture.settled
    t.equal((await fixture.get(target)).status, 200, target)
    t.equal(fixture.settled, before + 1, target)
  }
  await fixture.get('/v1/unattributed/history')
  await fixture.get('/kms/v1/keys/k/activities')
  await fixture.get('/kms/v1/keys/k/last-use-info')
  t.equal(fixture.settled, 8)
})

t.test('a period older than the retention is empty, and coverage says why', async (t) => {
  const fixture = await startHistory(t, { retention: { records: 2, ageMs: 30 * DAY } })
  for (let i = 4; i > 0; i--) fixture.reader.append(ringOf('k'), record({ time: NOW - i * DAY }))
  fixture.now = NOW + 29 * DAY + 1
  const answer = await fixture.get(`/v1/keys/k/history?to=${NOW - 3 * DAY}`)
  t.equal(answer.status, 200)
  t.match(answer.json, {
    records: [],
    total: 0,
    nextCursor: null,
    coverage: { oldest: null, evictedByCount: 2, evictedByAge: 2, head: { seq: 4 } },
  })
})

t.test('what is wrong with a query is named, all of it', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  for (const [query, ...parameters] of [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=5&limit=6', 'limit'],
    ['from=yesterday', 'from'],
    ['from=2026-10-01', 'from'],
    ['from=2026-02-30T00:00:00Z', 'from'],
    ['to=99999999999999999', 'to'],
    [`from=${NOW}&to=${NOW - 1}`, 'from'],
    ['channel=carrier-pigeon', 'channel'],
    ['outcome=', 'outcome'],
    [`q=${'x'.repeat(257)}`, 'q'],
    ['q=a%00b', 'q'],
    ['pageNo=1', 'pageNo'],
    ['__proto__=1', '__proto__'],
    ['limit=x&outcome=y&wrong=z', 'wrong', 'outcome', 'limit'],
  ] as [string, ...string[]][]) {
    const answer = await get(`/v1/keys/k/history?${query}`)
    t.equal(answer.status, 400, query.slice(0, 60))
    t.equal(codeOf(answer), 'QUERY_INVALID')
    const { problems } = answer.json as { problems: { parameter: string }[] }
    t.same(problems.map(({ parameter }) => parameter).sort(), [...parameters].sort())
  }
})

t.test('a key without a ring', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('gone'), record())
  reader.destroy('gone', 'acct-9', '198.51.100.4')
  for (const route of ['', '/history', '/last-use']) {
    const unknown = await get(`/v1/keys/never${route}`)
    t.equal(unknown.status, 404)
    t.equal(codeOf(unknown), 'KEY_UNKNOWN')
    t.equal(unknown.headers['content-type'], 'application/problem+json')
    const destroyed = await get(`/v1/keys/gone${route}`)
    t.equal(destroyed.status, 410)
    t.match(destroyed.json, {
      ...{ type: 'about:blank', title: 'Gone', status: 410, code: 'KEY_DESTROYED' },
      tombstone: { key: 'gone', time: '2026-10-01T12:00:00.000Z', by: 'acct-9', records: 1 },
    })
  }
  reader.append(ringOf('gone'), record())
  t.equal((await get('/v1/keys/gone/history')).status, 200, 'a key id that came back has a new ring')
})

t.test('requests that belong to no known key', async (t) => {
  const { reader, get } = await startHistory(t)
  t.match((await get('/v1/unattributed/history')).json, { records: [], total: 0, nextCursor: null })
  reader.append({ kind: 'unattributed' }, record({ key: 'made-up', outcome: 'failure', status: 404 }))
  reader.append({ kind: 'unattributed' }, record({ key: '', action: 'list-keys' }))
  const { records } = (await get('/v1/unattributed/history')).json as Page
  t.match(records, [{ action: 'list-keys' }, { key: 'made-up' }])
  t.notOk('key' in (records[0] ?? {}))
})
