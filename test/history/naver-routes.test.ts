import t from 'tap'
import { DAY, NOW, record, ringOf, sha256, startHistory } from './history-fixture.ts'

interface Activities {
  code: string
  data: {
    activityLogList: { timestamp: string; data: { api: { action: string } } }[]
    pageSize: number
    currentPageNo: number
    totalPageNo: number
    totalCount: number
  }
}

t.test('a record has exactly the documented fields', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('tag'), record({ action: 'create-custom-key' }))
  reader.append(
    ringOf('tag'),
    record({
      channel: 'console',
      requester: { id: '', kind: 'token', credential: 'a1b2' },
      ...{ outcome: 'failure', status: 401, errorCode: '200' },
    }),
  )
  reader.append(
    ringOf('tag'),
    record({
      channel: 'system',
      requester: { id: '', kind: 'anonymous', credential: '' },
      ...{ outcome: 'unknown', status: 0, reason: 'upstream-timeout' },
    }),
  )
  const kmsKey = { keyTag: 'tag', keyName: 'tag', nrn: '' }
  const timestamp = '2026-10-01T11:59:00.000Z'
  const ip = '203.0.113.7'
  t.same((await get('/kms/v1/keys/tag/activities')).json, {
    code: 'SUCCESS',
    data: {
      activityLogList: [
        {
          timestamp,
          data: {
            kmsKey,
            requestor: { requestType: 'SYSTEM', id: '', ip },
            api: { result: 'UNKNOWN', action: 'encrypt', type: 'ANONYMOUS' },
          },
          message: 'UNKNOWN: upstream-timeout',
        },
        {
          timestamp,
          data: {
            kmsKey,
            requestor: { requestType: 'CONSOLE', id: 'a1b2', ip },
            api: { result: 'FAIL', action: 'encrypt', type: 'TOKEN' },
          },
          message: 'FAIL: status 401, error 200',
        },
        {
          timestamp,
          data: {
            kmsKey,
            requestor: { requestType: 'API', id: 'acct-1', ip },
            api: { result: 'SUCCESS', action: 'create-custom-key', type: 'ACCOUNT' },
          },
          message: 'SUCCESS',
        },
      ],
      ...{ pageSize: 100, currentPageNo: 1, totalPageNo: 1, totalCount: 3 },
    },
  })
})

t.test('last-use-info: the record is the data', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('tag'), record({ class: 'manage', action: 'rotate' }))
  t.same((await get('/kms/v1/keys/tag/last-use-info')).json, { code: 'SUCCESS', data: null })
  reader.append(ringOf('tag'), record({ action: 'sign' }))
  reader.append(ringOf('tag'), record({ action: 'verify', outcome: 'failure' }))
  t.match((await get('/kms/v1/keys/tag/last-use-info')).json, {
    code: 'SUCCESS',
    data: {
      timestamp: '2026-10-01T11:59:00.000Z',
      data: { requestor: { ip: '203.0.113.7' }, api: { action: 'sign' } },
      message: 'SUCCESS',
    },
  })
})

t.test('page numbers', async (t) => {
  const { reader, get } = await startHistory(t)
  for (let i = 1; i <= 401; i++) reader.append(ringOf('tag'), record({ action: `a${i}` }))
  for (const [query, pageSize, currentPageNo, totalPageNo, first, length] of [
    ['', 100, 1, 5, 'a401', 100],
    ['?pageNo=5', 100, 5, 5, 'a1', 1],
    ['?pageSize=200&pageNo=2', 200, 2, 3, 'a201', 200],
    ['?pageSize=200&pageNo=3', 200, 3, 3, 'a1', 1],
    ['?pageSize=1&pageNo=401', 1, 401, 401, 'a1', 1],
    ['?pageSize=1&pageNo=402', 1, 402, 401, undefined, 0],
    ['?pageNo=2147483647&pageSize=200', 200, 2_147_483_647, 3, undefined, 0],
  ] as const) {
    const { data } = (await get(`/kms/v1/keys/tag/activities${query}`)).json as Activities
    const { activityLogList, ...numbers } = data
    t.same(numbers, { pageSize, currentPageNo, totalPageNo, totalCount: 401 }, query)
    t.equal(activityLogList.length, length, query)
    t.equal(activityLogList[0]?.data.api.action, first, query)
  }
  const seen: string[] = []
  for (let pageNo = 1; pageNo <= 18; pageNo++) {
    const { data } = (await get(`/kms/v1/keys/tag/activities?pageSize=23&pageNo=${pageNo}`))
      .json as Activities
    t.equal(data.totalPageNo, 18)
    seen.push(...data.activityLogList.map((one) => one.data.api.action))
  }
  t.same(
    seen,
    Array.from({ length: 401 }, (_, i) => `a${401 - i}`),
  )
})

t.test('page numbers in a ring too large to be counted at once', async (t) => {
  const { reader, get } = await startHistory(t, {
    retention: { records: 30_000, ageMs: 30 * DAY, budget: 50 },
  })
  for (let i = 1; i <= 3000; i++)
    reader.append(ringOf('tag'), record({ action: i % 2 === 0 ? `x${i}` : 'odd' }))
  for (const [query, totalPageNo, totalCount, first, length] of [
    ['keyword=x&pageNo=1', 15, 1500, 'x3000', 100],
    ['keyword=x&pageNo=15', 15, 1500, 'x200', 100],
    ['keyword=x&pageNo=16', 15, 1500, undefined, 0],
    ['keyword=x29&pageNo=2&pageSize=40', 2, 55, 'x2918', 15],
    ['pageNo=30', 30, 3000, 'x100', 100],
  ] as const) {
    const { data } = (await get(`/kms/v1/keys/tag/activities?${query}`)).json as Activities
    t.match(data, { totalPageNo, totalCount }, query)
    t.equal(data.activityLogList.length, length, query)
    t.equal(data.activityLogList[0]?.data.api.action, first, query)
  }
})

t.test('a ring too large to be counted at all', async (t) => {
  const { reader, get } = await startHistory(t, {
    retention: { records: 30_000, ageMs: 30 * DAY, budget: 5 },
  })
  for (let i = 1; i <= 3000; i++) reader.append(ringOf('tag'), record({ action: i < 100 ? 'old' : 'new' }))
  const near = (await get('/kms/v1/keys/tag/activities?keyword=new')).json as Activities
  t.equal(near.data.activityLogList.length, 100)
  t.equal(near.data.totalCount, 2500, 'at least as many')
  const deep = await get('/kms/v1/keys/tag/activities?keyword=old')
  t.equal(deep.status, 400)
  t.match(deep.json, { error: { details: 'QUERY_INVALID' } })
})

t.test('period and keyword', async (t) => {
  const fixture = await startHistory(t)
  const { reader, get } = fixture
  reader.append(ringOf('tag'), record({ time: NOW - 3 * DAY, action: 'old' }))
  reader.append(ringOf('tag'), record({ time: NOW - DAY, action: 'a-day-old' }))
  reader.append(ringOf('tag'), record({ time: NOW + 5000, action: 'ahead', errorCode: 'Quota' }))
  const actions = async (query: string): Promise<string[]> => {
    const { data } = (await get(`/kms/v1/keys/tag/activities?${query}`)).json as Activities
    return data.activityLogList.map((one) => one.data.api.action)
  }
  t.same(await actions(''), ['ahead', 'a-day-old'], 'now is no bound: the clock may have stepped back')
  t.same(await actions('keyword='), ['ahead', 'a-day-old'])
  t.same(await actions('keyword=QUOTA&unheard=of'), ['ahead'], 'unknown parameters are ignored')
  t.same(await actions(`timestampFrom=${NOW - 3 * DAY}&timestampTo=${NOW - DAY}`), ['a-day-old', 'old'])
  t.same(await actions(`timestampFrom=0&timestampTo=${NOW - 40 * DAY}`), [])
  t.same(await actions('timestampFrom=&timestampTo=&pageNo=&pageSize='), ['ahead', 'a-day-old'])
})

t.test('errors have the shape of NAVER Cloud', async (t) => {
  const tokens = [{ name: 'n', sha256: sha256('secret'), keys: ['tag', 'gone'], rights: ['read'] as const }]
  const { reader, get } = await startHistory(t, { auth: { kind: 'tokens', tokens } })
  reader.append(ringOf('tag'), record())
  reader.append(ringOf('gone'), record())
  reader.destroy('gone', 'a', '')
  const headers = { authorization: 'Bearer secret' }
  const activities = '/kms/v1/keys/tag/activities'
  for (const [target, status, errorCode, details] of [
    [`${activities}?pageSize=0`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?pageSize=201`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?pageNo=x`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?pageNo=0`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?pageNo=2147483648`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?pageNo=1&pageNo=2`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?timestampFrom=2026-10-01T00:00:00Z`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?timestampFrom=${NOW}&timestampTo=${NOW - 1}`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?timestampTo=${NOW - 2 * DAY}`, 400, '100', 'QUERY_INVALID'],
    [`${activities}?keyword=a%00`, 400, '100', 'QUERY_INVALID'],
    ['/kms/v1/keys/gone/activities', 404, '300', 'KEY_DESTROYED'],
    ['/kms/v1/keys/gone/last-use-info', 404, '300', 'KEY_DESTROYED'],
    ['/kms/v1/keys/foreign/activities', 404, '300', 'KEY_UNKNOWN'],
    ['/kms/v1/keys/tag', 404, '300', 'NOT_FOUND'],
  ] as const) {
    const answer = await get(target, { headers })
    t.equal(answer.status, status, target)
    t.match(answer.json, { error: { errorCode, details, message: String } }, target)
    t.same(Object.keys(answer.json as object), ['error'])
  }
  const anonymous = await get(activities)
  t.equal(anonymous.status, 401)
  t.match(anonymous.json, { error: { errorCode: '200', details: 'UNAUTHENTICATED' } })
  t.match(anonymous.headers['www-authenticate'], /^Bearer/)
  const post = await get(activities, { headers, method: 'POST' })
  t.equal(post.status, 405)
  t.match(post.headers, { allow: 'GET, HEAD' })
  t.match(post.json, { error: { details: 'METHOD_NOT_ALLOWED' } })
})
