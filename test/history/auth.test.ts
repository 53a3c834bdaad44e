import t from 'tap'
import type { HistoryAuth, HistoryToken } from '../../src/history/auth.ts'
import { createAuthenticate } from '../../src/history/auth.ts'
import { codeOf, record, ringOf, sha256, startHistory } from './history-fixture.ts'

const TOKENS: readonly HistoryToken[] = [
  { name: 'auditor', sha256: sha256('t-auditor'), keys: ['*'], rights: ['read'] },
  { name: 'billing', sha256: sha256('t-billing').toUpperCase(), keys: ['billing-*'], rights: ['read'] },
  { name: 'operator', sha256: sha256('t-operator'), keys: ['*'], rights: ['manage'] },
]
const AUTH: HistoryAuth = { kind: 'tokens', tokens: TOKENS }
const ROUTES = [
  ...[
    '/v1/keys/billing-1',
    '/v1/keys/billing-1/history',
    '/v1/keys/billing-1/last-use',
    '/v1/keys',
    '/v1/tombstones',
  ],
  ...['/kms/v1/keys/billing-1/activities', '/kms/v1/keys/billing-1/last-use-info'],
]
const FOREIGN = ROUTES.filter((route) => route.includes('billing-1')).map((route) =>
  route.replace('billing-1', 'payroll'),
)
const STORE_WIDE = ['/v1/unattributed/history', '/metrics']

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

t.test('who may see what', async (t) => {
  const { reader, get } = await startHistory(t, { auth: AUTH })
  reader.append(ringOf('billing-1'), record())
  reader.append(ringOf('payroll'), record())
  const expectations: [string, readonly string[], number][] = [
    ['t-auditor', [...ROUTES, ...FOREIGN, ...STORE_WIDE, '/openapi.json'], 200],
    ['t-billing', [...ROUTES, '/openapi.json'], 200],
    ['t-billing', FOREIGN, 404],
    ['t-billing', STORE_WIDE, 403],
    ['t-operator', [...ROUTES, ...FOREIGN, ...STORE_WIDE], 403],
    ['t-operator', ['/openapi.json'], 200],
    ['t-nobody', [...ROUTES, ...FOREIGN, ...STORE_WIDE, '/openapi.json', '/nowhere'], 401],
  ]
  for (const [token, routes, status] of expectations) {
    for (const route of routes) {
      const answer = await get(route, bearer(token))
      t.equal(answer.status, status, `${token} ${route}`)
      if (status === 401) t.match(answer.headers['www-authenticate'], /^Bearer .*error="invalid_token"/)
      if (status === 403) t.match(answer.headers['www-authenticate'], /error="insufficient_scope"/)
    }
  }
})

t.test('without a bearer token', async (t) => {
  const { get } = await startHistory(t, { auth: AUTH })
  for (const authorization of ['none', '', 'Bearer', 'Bearer ', 'Basic dDp0', 'Bearer a b', 't-auditor']) {
    const answer = await get('/v1/keys', authorization === 'none' ? {} : { headers: { authorization } })
    t.equal(answer.status, 401, authorization)
    t.equal(codeOf(answer), 'UNAUTHENTICATED')
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="keytrail"', 'no error code: RFC 6750 3.1')
  }
  t.equal((await get('/v1/keys', { headers: { authorization: 'bEARER   t-auditor' } })).status, 200)
  for (const route of ['/healthz', '/readyz']) t.equal((await get(route)).status, 200, route)
})

t.test('a key out of reach is as unknown as one that never was', async (t) => {
  const { reader, get } = await startHistory(t, { auth: AUTH })
  reader.append(ringOf('payroll'), record())
  reader.append(ringOf('destroyed'), record())
  reader.destroy('destroyed', 'a', '')
  for (const route of FOREIGN) {
    const answers = []
    for (const key of ['payroll', 'destroyed', 'never-was']) {
      const { status, text } = await get(route.replace('payroll', key), bearer('t-billing'))
      answers.push({ status, text })
    }
    t.same(answers[0], answers[2], route)
    t.same(answers[1], answers[2], route)
  }
})

t.test('lists show only what is within reach', async (t) => {
  const { reader, get } = await startHistory(t, { auth: AUTH, limits: { scannedEntries: 3 } })
  for (const key of ['a', 'billing-1', 'billing-2', 'payroll', 'zebra']) {
    reader.append(ringOf(key), record())
    reader.append(ringOf(`${key}-gone`), record())
    reader.destroy(`${key}-gone`, 'a', '')
  }
  const collect = async (list: 'keys' | 'tombstones', token: string): Promise<string[]> => {
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { json } = await get(`/v1/${list}?limit=2${query}`, bearer(token))
      const page = json as Record<string, { key: string }[]> & { nextCursor: string | null }
      found.push(...(page[list] ?? []).map(({ key }) => key))
      cursor = page.nextCursor
    }
    return found
  }
  t.same(await collect('keys', 't-billing'), ['billing-1', 'billing-2'])
  t.same(await collect('keys', 't-auditor'), ['a', 'billing-1', 'billing-2', 'payroll', 'zebra'])
  t.same(await collect('tombstones', 't-billing'), ['billing-2-gone', 'billing-1-gone'])
  t.equal((await collect('tombstones', 't-auditor')).length, 5)
  t.same((await get('/v1/keys?prefix=pay', bearer('t-billing'))).json, { keys: [], nextCursor: null })
})

t.test('a hash that is none is refused at once', async (t) => {
  for (const sha of ['', 'abc', `${sha256('x')}0`, sha256('x').replace(/./, 'g')]) {
    const tokens = [{ name: 'n', sha256: sha, keys: ['*'], rights: ['read'] as const }]
    t.throws(() => createAuthenticate({ kind: 'tokens', tokens }, () => 0), { code: 'CONFIG_INVALID' })
  }
})

t.test('no authentication: for loopback, and not for a page that came by DNS', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  for (const [host, status] of [
    ['127.0.0.1:8400', 200],
    ['localhost', 200],
    ['LOCALHOST:1', 200],
    ['app.localhost:8400', 200],
    ['[::1]:8400', 200],
    ['rebound.example', 403],
    ['127.0.0.1.rebound.example:8400', 403],
    ['localhost.rebound.example', 403],
  ] as const) {
    t.equal((await get('/v1/keys', { headers: { host } })).status, status, host)
  }
  t.equal((await get('/healthz', { headers: { host: 'pod.internal' } })).status, 200)
})
