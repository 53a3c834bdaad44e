import { connect } from 'node:net'
import t from 'tap'
import type { Peer } from '../../src/listener/front.ts'
import { proxyHeaderV2 } from '../helper/proxy-header.ts'
import { exchangeOn } from '../helper/tls-client.ts'
import { until } from '../helper/until.ts'
import { FROM, GET, listen, send } from './answering-listener.ts'

t.test('PROXY headers', async (t) => {
  const running = await listen(t, { proxyProtocol: ['127.0.0.0/8'] })
  const v2 = proxyHeaderV2(0x21, 0x11, [198, 51, 100, 9, 1, 2, 3, 4, 0, 5, 0, 6, 4, 0, 1, 0])
  const cases: [string, string | Buffer, Peer['client']][] = [
    ['version 1', FROM + GET, { address: '203.0.113.7', source: 'proxy-protocol' }],
    [
      'version 2',
      Buffer.concat([v2, Buffer.from(GET)]),
      { address: '198.51.100.9', source: 'proxy-protocol' },
    ],
    ['UNKNOWN', `PROXY UNKNOWN\r\n${GET}`, { address: '127.0.0.1', source: 'socket' }],
    [
      'LOCAL',
      Buffer.concat([proxyHeaderV2(0x20, 0, []), Buffer.from(GET)]),
      { address: '127.0.0.1', source: 'socket' },
    ],
  ]
  for (const [name, bytes, client] of cases) {
    t.match(await send(running.url, bytes), /^HTTP\/1\.1 200 OK\r\n[\s\S]*done/, name)
    t.match(running.seen.at(-1), { target: '/target', peer: { client, certificateSubject: '' } }, name)
  }
  t.equal(running.seen.length, cases.length)
})

t.test('a header in single bytes, requests behind it, and what the parser refuses', async (t) => {
  const running = await listen(t, { proxyProtocol: ['127.0.0.1/32'] })
  const { hostname, port } = new URL(running.url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  for (const byte of FROM) {
    socket.write(byte)
    await new Promise((done) => setImmediate(done))
  }
  const rest =
    'GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\nno such thing\r\n\r\n'
  t.match(await exchangeOn(socket, rest), /200 OK[\s\S]*200 OK[\s\S]*400 Bad Request/)
  t.strictSame(
    running.seen.map(({ target, peer }) => `${target} ${peer.client.address}`),
    ['/first 203.0.113.7', '/second 203.0.113.7'],
  )
  t.strictSame(running.malformed, ['203.0.113.7 malformed'])
})

t.test('a listed peer without a header is refused, whatever it says', async (t) => {
  const running = await listen(t, { proxyProtocol: ['127.0.0.1/32'] })
  for (const bytes of [GET, `PROXY TCP4 nobody 127.0.0.1 5 6\r\n${GET}`, `${FROM.trimEnd()}\n${GET}`]) {
    t.equal(await send(running.url, bytes), '')
  }
  await until(() => (running.refused.length === 3 ? true : null))
  t.match(running.refused, Array(3).fill({ refusal: 'proxy-header', address: '127.0.0.1' }))
  t.equal(running.listener.refused.get('proxy-header'), 3)
  const { hostname, port } = new URL(running.url)
  connect(Number(port), hostname).end()
  const short = connect(Number(port), hostname)
  short.end('PROXY')
  await until(() => (running.refused.length === 4 ? true : null))
  t.match(running.refused.at(-1), { why: 'the header is not whole' })
  t.strictSame(running.seen, [])
})

t.test('a header that does not come in time', async (t) => {
  const running = await listen(t, { proxyProtocol: ['127.0.0.1/32'] }, { handshakeTimeout: 100 })
  t.equal(await send(running.url, 'PROXY TCP4 '), '')
  t.match(running.refused[0], { refusal: 'handshake-timeout', address: '127.0.0.1' })
  t.strictSame(running.hits, ['limits.handshakeTimeout'])
})

t.test('one header and then silence is no request', async (t) => {
  const running = await listen(t, { proxyProtocol: ['127.0.0.1/32'] }, { headersTimeout: 100 })
  t.equal(await send(running.url, FROM), '')
  t.strictSame(running.malformed, [])
})

t.test('a peer that is not listed can claim nothing', async (t) => {
  const running = await listen(t, { proxyProtocol: ['10.0.0.0/8'] })
  t.match(await send(running.url, FROM + GET), /^HTTP\/1\.1 400 /)
  t.strictSame(running.malformed, ['127.0.0.1 malformed'])
  t.match(await send(running.url, GET), /200 OK/)
  t.match(running.seen, [{ peer: { client: { address: '127.0.0.1', source: 'socket' } } }])
})
