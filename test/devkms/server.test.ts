import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { type ExecutedRequest, startDevKms } from '../../src/devkms/server.ts'
import { runKms, signedHeaders } from './running-kms.ts'

const traceId = /^[0-9a-f-]{36}$/
const clock = () => 0

t.test('binds to loopback only, unless it is told to', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '']) {
    await t.rejects(startDevKms({ clock, host }), { code: 'CONFIG_INVALID' }, host)
  }
  const exposed = await startDevKms({ clock, host: '0.0.0.0', exposeToNetwork: true })
  t.match(exposed.url, /^http:\/\/0\.0\.0\.0:[0-9]+$/)
  await exposed.close()
})

t.test('a port that is taken is an error of its own', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await t.rejects(startDevKms({ clock, port }), { code: 'ADDRESS_IN_USE' })
  other.close()
})

t.test('accounts are made for each start, unless they are given', async (t) => {
  const [first, second] = [await runKms(t), await runKms(t)]
  const secrets = [...first.kms.accounts, ...second.kms.accounts].flatMap((one) => [
    one.accessKey,
    one.secretKey,
  ])
  t.equal(new Set(secrets).size, 12)
  const accounts = [{ accountId: 'me', accessKey: 'mine', secretKey: 'hidden' }]
  const given = await runKms(t, { accounts })
  t.equal(given.kms.accounts, accounts)
  t.equal((await given.signed('GET', '/kms/v1/keys')).status, 200)
})

t.test('every whole request is observed with its raw target, headers, status and trace id', async (t) => {
  const seen: ExecutedRequest[] = []
  const { signed, raw } = await runKms(t, { executed: (request) => seen.push(request) })
  const answers = [
    await signed('GET', '/kms/v1/keys?pageSize=%31'),
    await raw({ method: 'POST', target: '/nowhere/%41?x' }),
  ]
  t.match(seen, [
    { method: 'GET', target: '/kms/v1/keys?pageSize=%31', status: 200 },
    { method: 'POST', target: '/nowhere/%41?x', status: 404 },
  ])
  t.match(seen[0]?.headers['x-ncp-iam-access-key'], /^ncp_iam_/)
  t.strictSame(
    seen.map(({ traceId }) => traceId),
    answers.map(({ headers }) => headers['x-ncp-trace-id']),
  )
})

t.test('every answer carries a trace id of its own', async (t) => {
  const { signed, raw } = await runKms(t)
  const answers = [await signed('GET', '/kms/v1/keys'), await raw({ method: 'GET', target: '/' })]
  const ids = answers.map(({ headers }) => headers['x-ncp-trace-id'])
  for (const id of ids) t.match(id, traceId)
  t.not(ids[0], ids[1])
})

t.test('a path is split before it is decoded, and decoded once', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const tag = path.split('/').at(-1) ?? ''
  t.equal((await signed('GET', `/kms/v1/keys/%${tag.charCodeAt(0).toString(16)}${tag.slice(1)}`)).status, 200)
  for (const target of [
    `/kms/v1/keys%2f${tag}`,
    `/kms/v1//keys/${tag}`,
    `${path}/`,
    `/kms/v1/x/../keys/${tag}`,
  ]) {
    t.match(await signed('GET', target), { status: 404, body: { error: { errorCode: '300' } } }, target)
  }
  t.match(await signed('GET', `/kms/v1/keys/%2561`), { status: 404, body: { code: 'KEY_NOT_FOUND' } })
  t.match(await signed('GET', `/kms/v1/keys/%zz`), { status: 400, body: { error: { errorCode: '100' } } })
  t.match(await signed('PATCH', path), { status: 404, body: { error: { errorCode: '300' } } })
})

t.test('a body is a JSON object in UTF-8 of at most 1 MB', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = `${await createKey()}/encrypt`
  for (const body of [
    '{',
    '[]',
    '"x"',
    'null',
    '7',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  ]) {
    t.match(
      await signed('POST', path, body),
      { status: 400, body: { code: 'INVALID_PARAMETER' } },
      String(body),
    )
  }
  const padded = (length: number) => `{"plaintext":"QQ=="}${' '.repeat(length - 20)}`
  t.equal((await signed('POST', path, padded(1024 * 1024))).status, 200)
  const tooLong = await signed('POST', path, padded(1024 * 1024 + 1))
  t.match(tooLong, { status: 413, body: { error: { errorCode: '430' } } })
  await t.rejects(signed('POST', path, padded(20 * 1024 * 1024)), 'one that never ends is cut off')
  t.equal((await signed('POST', path, padded(100))).status, 200)
})

t.test('names of prototypes are only names', async (t) => {
  const { signed } = await runKms(t)
  for (const name of ['__proto__', 'constructor', 'toString']) {
    t.match(await signed('GET', `/kms/v1/keys/${name}`), { status: 404, body: { code: 'KEY_NOT_FOUND' } })
  }
  const body = '{"keyName":"proto","keyType":"AES256","__proto__":{"isConvergent":true}}'
  t.match(await signed('POST', '/kms/v1/keys', body), {
    status: 200,
    body: { data: { isConvergent: false } },
  })
})

t.test('no request, however odd, stops it', async (t) => {
  const { account, clock, createKey, raw, signed } = await runKms(t)
  const path = await createKey()
  const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH')
  const targets = fc.oneof(
    fc.webPath().map((text) => `/${text}`),
    fc.constantFrom(
      `${path}/encrypt`,
      `${path}/token-set`,
      `${path}/acl`,
      '/kms/v1/keys',
      '*',
      '/%',
      '/?',
      '/kms/v1/keys/',
    ),
  )
  await fc.assert(
    fc.asyncProperty(methods, targets, fc.jsonValue(), async (method, target, body) => {
      const headers = signedHeaders(account, { method, target, now: clock.now })
      const { status, headers: answered } = await raw({ method, target, headers, body })
      t.ok(status >= 200 && status < 500, `${status}`)
      t.match(answered['x-ncp-trace-id'], traceId)
    }),
  )
  t.equal((await signed('GET', path)).status, 200)
})

t.test('bytes that are no request get the answer of a gateway, and the connection ends', async (t) => {
  const { kms, signed } = await runKms(t)
  for (const bytes of ['\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', 'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n']) {
    const text = await exchangeBytes(kms.url, bytes)
    t.match(text, /^HTTP\/1\.1 400 Bad Request\r\nx-ncp-trace-id: [0-9a-f-]{36}\r\n/)
    t.match(text, /\{"error":\{"errorCode":"100","message":"Bad Request Exception"\}\}$/)
  }
  t.equal((await signed('GET', '/kms/v1/keys')).status, 200)
})

t.test('a request that is cut off is neither carried out nor observed', async (t) => {
  const seen: ExecutedRequest[] = []
  const { account, clock, kms, signed } = await runKms(t, { executed: (request) => seen.push(request) })
  const line = { method: 'POST', target: '/kms/v1/keys' }
  const headers = Object.entries(signedHeaders(account, { ...line, now: clock.now })).map((pair) =>
    pair.join(': '),
  )
  const head = [`POST ${line.target} HTTP/1.1`, 'host: x', 'content-length: 1000', ...headers, '', ''].join(
    '\r\n',
  )
  const socket = connect(Number(new URL(kms.url).port), '127.0.0.1')
  socket.end(`${head}{"keyName":"half","keyType":"AES256"}`)
  await once(socket.resume(), 'close')
  t.equal((await signed('GET', '/kms/v1/keys')).body.data.totalCount, 0)
  t.match(seen, { length: 1 })
})

function exchangeBytes(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}
