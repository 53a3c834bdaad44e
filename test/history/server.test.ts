import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { KeytrailError } from '../../src/errors.ts'
import { createHistoryServer } from '../../src/history/server.ts'
import { codeOf, NOW, record, ringOf, sha256, startHistory } from './history-fixture.ts'

t.test('every answer forbids to keep it and to embed it', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  for (const target of ['/v1/keys/k', '/v1/keys/unknown', '/healthz', '/kms/v1/keys/k/activities', '/%FF']) {
    const { headers } = await get(target)
    t.equal(headers['cache-control'], 'no-store', target)
    t.equal(headers['x-content-type-options'], 'nosniff', target)
    t.notOk(headers['x-powered-by'])
    if (target === '/%FF') continue
    t.equal(headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'", target)
  }
})

t.test('GET and HEAD only', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  const headers = { 'content-type': 'application/json' }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']) {
    for (const target of ['/v1/keys/k/history', '/healthz', '/']) {
      const body = method === 'POST' ? '{"broken' : ''
      const answer = await get(target, { method, body, headers })
      t.equal(answer.status, 405, `${method} ${target}`)
      t.match(answer.headers, { allow: 'GET, HEAD' })
      t.equal(codeOf(answer), 'METHOD_NOT_ALLOWED')
    }
  }
  const whole = await get('/v1/keys/k/history')
  const head = await get('/v1/keys/k/history', { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.text, '')
  t.equal(head.headers['content-length'], whole.headers['content-length'])
  t.equal((await get('/v1/keys/unknown', { method: 'HEAD' })).status, 404)
  const unasked = { body: 'a body nobody asked for', headers: { 'content-length': '23' } }
  t.equal((await get('/v1/keys/k', unasked)).status, 200)
})

t.test('no such route', async (t) => {
  const { get } = await startHistory(t)
  for (const target of [
    '/',
    '/v1',
    '/v1/keys/',
    '/v1/keys/k/',
    '/v2/keys',
    '/v1/keys/k/history/1',
    '/V1/keys',
    '//v1/keys',
  ]) {
    const answer = await get(target)
    t.equal(answer.status, 404, target)
    t.match(codeOf(answer), /^(NOT_FOUND|KEY_UNKNOWN)$/, target)
  }
})

t.test('a target that is no UTF-8, or no target', async (t) => {
  const { get } = await startHistory(t)
  for (const target of [
    '/v1/keys/%FF',
    '/v1/keys/%',
    '/v1/keys/%zz/history',
    '/v1/keys/%C0%AF',
    '/kms/v1/keys/%E0%A4/activities',
  ]) {
    const answer = await get(target)
    t.equal(answer.status, 400, target)
    t.equal(codeOf(answer), 'REQUEST_INVALID', target)
  }
})

t.test('too long a header, and what is no HTTP', async (t) => {
  const { url } = await startHistory(t, { limits: { headerBytes: 4096 } })
  const { hostname, port } = new URL(url)
  const exchange = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
    })
  const long = await exchange(`GET /v1/keys/${'k'.repeat(5000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  t.match(long, /^HTTP\/1\.1 431 /)
  t.match(long, '"code":"REQUEST_INVALID"')
  t.match(await exchange('hello\r\n\r\n'), /^HTTP\/1\.1 400 /)
  t.match(
    await exchange('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    /400/,
  )
})

t.test('property: no key id, keyword or query, however odd, makes it fail', async (t) => {
  const { reader, get } = await startHistory(t)
  reader.append(ringOf('k'), record())
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '\0',
      '\r\nSet-Cookie: a=b',
      '\u202egnp.exe',
      '\u2028',
      '\u0085',
      '\x1b[2J',
      '{"$gt":""}',
      "' OR 1=1",
    ),
    fc.constantFrom('../../etc/passwd', '%00', '%2e%2e', '%', '__proto__', 'constructor', '😀'.repeat(300)),
    fc.constant('k'.repeat(10_000)),
  )
  const name = fc.oneof(
    odd,
    fc.constantFrom('q', 'keyword', 'from', 'limit', 'cursor', 'pageNo', 'key', 'after'),
  )
  const target = fc
    .record({ key: odd, name, value: odd, form: fc.constantFrom('history', 'activities', 'list', 'raw') })
    .map(({ key, name, value, form }) => {
      const query = `${encode(name)}=${encode(value)}`
      if (form === 'list') return `/v1/keys?${query}`
      if (form === 'history') return `/v1/keys/${encode(key)}/history?${query}`
      if (form === 'activities') return `/kms/v1/keys/${encode(key)}/activities?${query}`
      return `/v1/keys/k/history?${Buffer.from(value)
        .toString('latin1')
        .replace(/[^!-~]/g, '%')}`
    })
    .filter((target) => target.length < 15_000)
  await fc.assert(
    fc.asyncProperty(target, async (target) => {
      const { status, headers } = await get(target)
      return [200, 400, 404].includes(status) && headers['set-cookie'] === undefined
    }),
    { numRuns: 500 },
  )
  t.equal((await get('/v1/keys/k')).status, 200, 'it lives on')
  t.equal((await get(`/v1/keys/${'k'.repeat(10_000)}`)).status, 404)
  t.equal((await get(`/v1/keys/k/history?q=${'k'.repeat(10_000)}`)).status, 400)
})

t.test('hostile text in a record comes out as it went in', async (t) => {
  const { reader, get } = await startHistory(t)
  const hostile = ['\0\r\n"\\\u2028\u202e\x1b[2J', '</script>', '사용자 😀', '\ud800', 'é"'.repeat(100)]
  for (const text of hostile) {
    reader.append(
      ringOf('k'),
      record({
        action: text,
        errorCode: text,
        reason: text,
        requester: { id: text, kind: 'account', credential: text },
      }),
    )
  }
  const { json } = await get('/v1/keys/k/history')
  const { records } = json as { records: { action: string; requester: { id: string; credential: string } }[] }
  // A lone surrogate has no UTF-8: JSON writes it as an escape, and it survives (RFC 8259 8.2).
  t.same(
    records.map(({ action }) => action),
    [...hostile].reverse(),
  )
  t.same(
    records.map(({ requester }) => requester.id),
    [...hostile].reverse(),
  )
  t.equal((await get('/kms/v1/keys/k/activities')).status, 200)
})

t.test('rate limit', async (t) => {
  const tokens = [{ name: 'n', sha256: sha256('secret'), keys: ['*'], rights: ['read'] as const }]
  const { get } = await startHistory(t, {
    auth: { kind: 'tokens', tokens },
    limits: { requestsPerMinute: 3 },
  })
  const headers = { authorization: 'Bearer secret' }
  t.equal((await get('/v1/keys', { headers })).status, 200)
  t.equal(
    (await get('/v1/keys', { headers: { authorization: 'Bearer guess' } })).status,
    401,
    'guesses count',
  )
  t.equal((await get('/nowhere', { headers })).status, 404, 'and so does what is not there')
  const limited = await get('/v1/keys', { headers })
  t.equal(limited.status, 429)
  t.equal(codeOf(limited), 'RATE_LIMITED')
  t.match(limited.headers['retry-after'], /^\d+$/)
  t.match((await get('/kms/v1/keys/k/activities', { headers })).json, { error: { errorCode: '420' } })
  for (let i = 0; i < 5; i++) t.equal((await get('/healthz')).status, 200, 'probes are not counted')
})

t.test('what fails inside is logged and not told', async (t) => {
  const lines: unknown[] = []
  const logger = { info: () => {}, error: (fields: unknown) => lines.push(fields) }
  let failure: Error = new Error('the secret detail')
  const { get } = await startHistory(t, { logger, settle: () => Promise.reject(failure) })
  const broken = await get('/v1/keys')
  t.equal(broken.status, 500)
  t.same(Object.keys(broken.json as object).sort(), ['code', 'detail', 'status', 'title', 'type'])
  t.equal(codeOf(broken), 'INTERNAL')
  t.notMatch(broken.text, 'secret')
  failure = new KeytrailError('STORE_UNAVAILABLE', 'path /secret/data is gone')
  const down = await get('/v1/keys')
  t.equal(down.status, 503)
  t.equal(codeOf(down), 'STORE_UNAVAILABLE')
  t.notMatch(down.text, 'secret')
  t.match((await get('/kms/v1/keys/k/activities')).json, {
    error: { errorCode: '500', details: 'STORE_UNAVAILABLE' },
  })
  t.match(lines, [{ err: Error }, { err: { code: 'STORE_UNAVAILABLE' } }, { err: Error }])
})

t.test('who read what, if wanted', async (t) => {
  const lines: object[] = []
  const logger = { info: (fields: object) => lines.push(fields), error: () => {} }
  const tokens = [{ name: 'auditor', sha256: sha256('secret'), keys: ['*'], rights: ['read'] as const }]
  const { reader, get } = await startHistory(t, {
    logger,
    logRequests: true,
    auth: { kind: 'tokens', tokens },
  })
  reader.append(ringOf('a/b'), record())
  await get('/v1/keys/a%2Fb/history?q=pasted-password', { headers: { authorization: 'Bearer secret' } })
  t.match(lines, [
    { who: 'auditor', address: '127.0.0.1', route: '/v1/keys/:key/history', key: 'a/b', status: 200 },
  ])
  t.notMatch(JSON.stringify(lines), /pasted-password|Bearer/)
})

t.test('where it may listen', async (t) => {
  const options = {
    ...{
      settle: async () => {},
      readiness: async () => ({ ready: true, reasons: [] }),
      metrics: async () => '',
    },
    ...{ cursorKey: new Uint8Array(32), clock: () => NOW, version: '1', instance: 'i' },
  }
  const { reader, url } = await startHistory(t)
  const open = await createHistoryServer({ ...options, reader, auth: { kind: 'none' } })
  t.teardown(() => open.close())
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'history.example', '']) {
    await t.rejects(open.listen({ host, port: 0 }), { code: 'CONFIG_INVALID' }, host)
  }
  await t.rejects(open.listen({ host: '127.0.0.1', port: Number(new URL(url).port) }), {
    code: 'ADDRESS_IN_USE',
  })
  const closed = await createHistoryServer({ ...options, reader, auth: { kind: 'tokens', tokens: [] } })
  t.teardown(() => closed.close())
  await t.rejects(closed.listen({ host: '192.0.2.1', port: 0 }), { code: 'ADDRESS_UNAVAILABLE' })
  await t.rejects(
    createHistoryServer({ ...options, reader, auth: { kind: 'none' }, cursorKey: new Uint8Array(2) }),
    {
      code: 'CONFIG_INVALID',
    },
  )
})

t.test('close ends kept connections, and lets what is under way finish', async (t) => {
  let release: () => void = () => {}
  const entered = new Promise<void>((enter) => {
    release = enter
  })
  let settle: () => void = () => {}
  const { reader } = await startHistory(t)
  reader.append(ringOf('k'), record())
  const server = await createHistoryServer({
    ...{
      reader,
      readiness: async () => ({ ready: true, reasons: [] }),
      metrics: async () => '',
      auth: { kind: 'none' },
    },
    ...{ cursorKey: new Uint8Array(32), clock: () => NOW, version: '1', instance: 'i' },
    settle: () => {
      release()
      return new Promise((resolve) => {
        settle = resolve
      })
    },
  })
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 })
  const idle = await fetch(`${url}/healthz`, { headers: { connection: 'keep-alive' } })
  await idle.text()
  const underWay = fetch(`${url}/v1/keys/k`)
  await entered
  const closed = server.close()
  settle()
  t.equal((await underWay).status, 200)
  await closed
  await t.rejects(fetch(`${url}/healthz`))
})

/** Percent-encodes; a lone surrogate, which encodeURIComponent refuses, as U+FFFD. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}
