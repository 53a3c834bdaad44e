import t from 'tap'
import { Listener } from '../../src/listener/listener.ts'
import { openConnection } from '../helper/raw-connection.ts'
import { until } from '../helper/until.ts'
import { LISTENER_LIMITS } from '../proxy/running-proxy.ts'
import { listen, next } from './running-listener.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

t.test('a port in use, and an address of somebody else', async (t) => {
  const { url } = await listen(t)
  const again = (host: string, port: number): Promise<string> =>
    new Listener(
      { name: 'second', bind: { host, port }, channel: 'api', limits: LISTENER_LIMITS },
      { onRequest: () => undefined, onMalformed: () => undefined },
    ).listen()
  await t.rejects(again('127.0.0.1', Number(new URL(url).port)), { code: 'ADDRESS_IN_USE' })
  await t.rejects(again('192.0.2.1', 0), { code: 'ADDRESS_UNAVAILABLE' })
})

t.test('Expect: 100-continue is told, any other expectation is not', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  for (const [expects, told] of [
    ['100-continue', true],
    ['something-else', false],
  ] as const) {
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nExpect: ${expects}\r\nContent-Length: 2\r\n\r\n{}`)
    const { request, response, expectsContinue } = await next(running)
    t.equal(expectsContinue, told)
    if (expectsContinue) response.writeContinue()
    request.resume()
    response.end()
  }
})

t.test('connections beyond the limit are closed and counted', async (t) => {
  const running = await listen(t, { connections: 2 })
  const first = await openConnection(t, running.url)
  first.write(GET)
  await next(running)
  await (await openConnection(t, running.url)).write(GET)
  await next(running)
  const third = await openConnection(t, running.url)
  t.equal(await third.ended(), '')
  t.strictSame(running.hits, ['limits.connections'])
  first.socket.destroy()
  await until(async () => {
    const another = await openConnection(t, running.url)
    another.write(GET)
    await until(() => (another.socket.closed || running.arrived.length > 0 ? true : null))
    return running.arrived.length > 0 ? true : null
  })
})

t.test('a request that takes too long to come is refused: 408', async (t) => {
  const running = await listen(t, { headersTimeout: 100, requestTimeout: 300 })
  const silent = await openConnection(t, running.url)
  const slow = await openConnection(t, running.url)
  slow.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  t.match(
    await slow.ended(),
    /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*Connection: close\r\n\r\nrequest-timeout$/,
  )
  t.match(running.malformed, [{ status: 408, reason: 'request-timeout', peer: '127.0.0.1' }])
  t.equal(await silent.ended(), '', 'one that says nothing is just closed')
  t.equal(running.malformed.length, 1, 'and is no request')
  t.equal(running.arrived.length, 0)
})

t.test('headers over their limit: 431', async (t) => {
  const running = await listen(t, { header: 1024 })
  const client = await openConnection(t, running.url)
  client.write(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(2000)}\r\n\r\n`)
  t.match(await client.ended(), /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
  t.match(running.malformed, [{ status: 431, reason: 'headers-too-large' }])
})

t.test('many small headers all arrive', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  const names = Array.from({ length: 1500 }, (_, i) => `x${i}`)
  client.write(`GET / HTTP/1.1\r\n${names.map((name) => `${name}:\r\n`).join('')}\r\n`)
  const { request } = await next(running)
  t.equal(request.rawHeaders.length, 3000)
})

t.test('CONNECT is no request that could be forwarded', async (t) => {
  const running = await listen(t)
  const client = await openConnection(t, running.url)
  client.write('CONNECT kms.example:443 HTTP/1.1\r\nHost: kms.example:443\r\n\r\n')
  t.match(await client.ended(), /^HTTP\/1\.1 501 Not Implemented\r\n/)
  t.match(running.malformed, [{ status: 501, reason: 'connect-method', peer: '127.0.0.1' }])
})
