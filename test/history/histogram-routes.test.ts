import t from 'tap'
import { codeOf, NOW, record, ringOf, startHistory } from './history-fixture.ts'

t.test('a histogram of a period', async (t) => {
  const { reader, get } = await startHistory(t)
  for (let i = 0; i < 100; i++) {
    const outcome = i % 10 === 0 ? 'failure' : 'success'
    const changes = {
      time: NOW - 100_000 + i * 1000,
      outcome,
      action: i % 4 === 0 ? 'sign' : 'encrypt',
    } as const
    reader.append(ringOf('k'), record(changes))
  }
  const answer = await get(`/v1/keys/k/histogram?from=${NOW - 100_000}&to=${NOW - 1}&buckets=4`)
  t.equal(answer.status, 200)
  t.strictSame(answer.json, {
    success: [22, 23, 22, 23],
    failure: [3, 2, 3, 2],
    unknown: [0, 0, 0, 0],
    actions: [
      { value: 'encrypt', records: 75, failures: 5 },
      { value: 'sign', records: 25, failures: 5 },
    ],
    requesters: [{ value: 'acct-1', records: 100, failures: 10 }],
    from: new Date(NOW - 100_000).toISOString(),
    to: new Date(NOW - 1).toISOString(),
    bucketMs: 25_000,
    countedFrom: null,
  })
  const filtered = await get('/v1/keys/k/histogram?action=sign&outcome=failure&buckets=1')
  t.match(filtered.json, { failure: [5], success: [0], from: new Date(NOW - 100_000).toISOString() })
  t.match((await get('/v1/keys/k/histogram')).json, { to: new Date(NOW).toISOString() })
})

t.test('bounds, whatever is asked', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  for (const query of ['buckets=0', 'buckets=501', 'buckets=x', 'from=2&to=1', 'limit=1', 'q=%00']) {
    t.equal(codeOf(await get(`/v1/keys/k/histogram?${query}`)), 'QUERY_INVALID', query)
  }
  const wide = (await get('/v1/keys/k/histogram?from=0&buckets=500')).json as { success: number[] }
  t.ok(wide.success.length <= 500)
  t.equal(
    wide.success.reduce((sum, count) => sum + count, 0),
    1,
  )
  t.match((await get(`/v1/keys/k/histogram?from=${NOW}&to=${NOW}`)).json, { success: [0], bucketMs: 1 })
  t.match((await get(`/v1/keys/k/histogram?from=${NOW + 9e9}`)).json, { success: [0] }, 'in the future')
  t.equal(codeOf(await get('/v1/keys/other/histogram')), 'KEY_UNKNOWN')
  reader.destroy('k', 'x', '')
  t.equal(codeOf(await get('/v1/keys/k/histogram')), 'KEY_DESTROYED')
})
