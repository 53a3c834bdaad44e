import t from 'tap'
import { sha256, startHistory } from './history-fixture.ts'

const TOKENS = [{ name: 'a', sha256: sha256('secret-token-of-a'), keys: ['*'], rights: ['read' as const] }]

t.test('the page is served to anybody, under a strict policy, and nothing beside it', async (t) => {
  const consoleDir = t.testdir({
    'index.html': '<!doctype html>',
    'console.js': '1',
    'console.css': '',
    'icon.svg': '<svg/>',
    other: 'x',
  })
  const { get } = await startHistory(t, { consoleDir, auth: { kind: 'tokens', tokens: TOKENS } })
  for (const [target, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/?key=a&period=24h', 'text/html; charset=utf-8'],
    ['/console.js', /javascript/],
    ['/console.css', /css/],
    ['/icon.svg', /svg/],
  ] as const) {
    const { status, headers } = await get(target)
    t.equal(status, 200, target)
    t.match(headers, {
      'content-type': type,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    })
    const policy = String(headers['content-security-policy'])
    t.match(policy, /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/)
    t.notMatch(policy, /unsafe|http|\*/)
    const again = await get(target, { headers: { 'if-none-match': String(headers['etag']) } })
    t.equal(again.status, 304)
  }
  for (const target of ['/other', '/index.html', '/../x', '/%2e%2e/x', '/console.js/', '/console.js.map']) {
    t.equal((await get(target)).status, 401, target)
  }
  t.equal((await get('/', { method: 'POST' })).status, 401)
})

t.test('a name that leads to this machine gets no page', async (t) => {
  const consoleDir = t.testdir({ 'index.html': '<!doctype html>' })
  const { get } = await startHistory(t, { consoleDir })
  t.equal((await get('/', { headers: { host: 'evil.example' } })).status, 403)
  t.equal((await get('/')).status, 200)
  t.equal((await get('/other')).status, 404)
  t.equal((await get('/', { method: 'POST' })).status, 405)
})

t.test('without a built page there is none', async (t) => {
  const { get } = await startHistory(t, { consoleDir: t.testdir({}) })
  t.equal((await get('/')).status, 404)
})
