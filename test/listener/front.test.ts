import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import t, { type Test } from 'tap'
import type { FrontRefusal, Peer } from '../../src/listener/front.ts'
import { Listener, type ListenerLimits, type ListenerOptions } from '../../src/listener/listener.ts'
import { type Authority, createAuthority, type Identity } from '../helper/certificates.ts'
import { proxyHeaderV2 } from '../helper/proxy-header.ts'
import { connectTls, exchangeOn } from '../helper/tls-client.ts'
import { until } from '../helper/until.ts'
import { LISTENER_LIMITS } from '../proxy/running-proxy.ts'

const GET = 'GET /target HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const FROM = 'PROXY TCP4 203.0.113.7 127.0.0.1 5 6\r\n'

interface Running {
  readonly listener: Listener
  readonly url: string
  /** What requests came, from whom. */
  readonly seen: { readonly target: string; readonly peer: Peer }[]
  readonly malformed: string[]
  readonly refused: { readonly refusal: FrontRefusal; readonly address: string; readonly why: string }[]
  readonly hits: string[]
}

/** A listener that answers every request with 200. */
async function listen(
  t: Test,
  options: Pick<ListenerOptions, 'tls' | 'proxyProtocol'>,
  limits: Partial<ListenerLimits> = {},
): Promise<Running> {
  const running = { seen: [], malformed: [], refused: [], hits: [] } as Omit<Running, 'listener' | 'url'>
  const listener = new Listener(
    {
      ...{ name: 'l', bind: { host: '127.0.0.1', port: 0 }, channel: 'api' },
      ...{ limits: { ...LISTENER_LIMITS, ...limits } },
      ...options,
    },
    {
      onRequest(request, response, peer) {
        running.seen.push({ target: request.url ?? '', peer })
        response.end('done')
      },
      onMalformed({ client }, { status, reason }, answer) {
        running.malformed.push(`${client.address} ${reason}`)
        answer({ status, contentType: 'text/plain', body: reason })
      },
    },
    {
      onLimit: (limit) => running.hits.push(limit),
      onRefused: (refusal, address, why) => running.refused.push({ refusal, address, why }),
      onTlsReloaded: () => undefined,
      onTlsReloadFailed: () => undefined,
    },
  )
  t.teardown(() => listener.close(0))
  return { ...running, listener, url: await listener.listen() }
}

function send(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  return exchangeOn(connect(Number(port), hostname), bytes)
}

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

let authority: Authority
let files: { cert: string; key: string; ca: string }
let client: Identity

t.before(async () => {
  authority = await createAuthority()
})

async function tlsFiles(t: Test): Promise<typeof files> {
  const server = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
  client = await authority.issue({ name: 'C=KR, O=Example\\, Inc., CN=billing' })
  const directory = t.testdir({ 'cert.pem': server.cert, 'key.pem': server.key, 'ca.pem': authority.cert })
  const path = (name: string): string => join(directory, name)
  files = { cert: path('cert.pem'), key: path('key.pem'), ca: path('ca.pem') }
  return files
}

t.test('TLS 1.2 and 1.3, HTTP/1.1 only', async (t) => {
  const tls = { ...(await tlsFiles(t)), ca: null, clientCertificate: 'none' } as const
  const running = await listen(t, { tls })
  t.match(running.url, /^https:/)
  const trust = { ca: authority.cert, servername: 'localhost' }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await connectTls(t, running.url, {
      ...{ ...trust, minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] },
    })
    t.equal(socket.alpnProtocol, 'http/1.1')
    t.match(await exchangeOn(socket, GET), /200 OK/, version)
  }
  const plain = await connectTls(t, running.url, trust)
  t.match(await exchangeOn(plain, GET), /200 OK/, 'without ALPN')
  t.equal(running.seen.length, 3)
  t.strictSame(running.seen[0]?.peer, {
    client: { address: '127.0.0.1', source: 'socket' },
    certificateSubject: '',
  })
  const old = { ...trust, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await t.rejects(connectTls(t, running.url, old))
  await t.rejects(connectTls(t, running.url, { ...trust, ALPNProtocols: ['h2'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  })
  t.equal(await send(running.url, GET).then((answer) => answer.startsWith('HTTP')), false)
  await until(() => (running.refused.length === 3 ? true : null))
  t.match(running.refused, Array(3).fill({ refusal: 'tls-handshake', address: '127.0.0.1' }))
  t.equal(running.seen.length, 3)
})

t.test('client certificates', async (t) => {
  const paths = await tlsFiles(t)
  const stranger = await (await createAuthority('CN=another')).issue({ name: 'CN=billing' })
  const late = await authority.issue({ name: 'CN=billing', expired: true })
  const trust = { ca: authority.cert, servername: 'localhost' }
  for (const clientCertificate of ['optional', 'required'] as const) {
    const running = await listen(t, { tls: { ...paths, clientCertificate } })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const ask = async (identity: Partial<Identity>): Promise<string> => {
        const socket = connectSecurely({
          ...{ ...trust, maxVersion, host: '127.0.0.1', port: Number(new URL(running.url).port) },
          ...{ cert: identity.cert, key: identity.key },
        })
        return exchangeOn(socket, GET)
      }
      const name = `${clientCertificate} ${maxVersion}`
      t.match(await ask(client), /200 OK/, name)
      t.equal(running.seen.pop()?.peer.certificateSubject, 'CN=billing,O=Example\\, Inc.,C=KR', name)
      const anonymous = await ask({})
      if (clientCertificate === 'required') t.equal(anonymous, '', name)
      else {
        t.match(anonymous, /200 OK/)
        t.equal(running.seen.pop()?.peer.certificateSubject, '', name)
      }
      for (const bad of [stranger, late]) t.equal(await ask(bad), '', `${name}: not verified`)
      t.strictSame(running.seen, [])
    }
    const count = clientCertificate === 'required' ? 6 : 4
    await until(() => (running.refused.length === count ? true : null))
    t.match(running.refused, Array(count).fill({ refusal: 'client-certificate' }))
    t.ok(running.refused.some(({ why }) => why === 'CERT_HAS_EXPIRED'))
  }
})

t.test('a resumed session keeps its certificate', async (t) => {
  const running = await listen(t, { tls: { ...(await tlsFiles(t)), clientCertificate: 'required' } })
  const trust = { ca: authority.cert, servername: 'localhost', cert: client.cert, key: client.key }
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await connectTls(t, running.url, { ...trust, maxVersion })
    let session = first.getSession()
    first.on('session', (fresh) => {
      session = fresh
    })
    await exchangeOn(first, GET)
    const again = await connectTls(t, running.url, {
      ...trust,
      maxVersion,
      session,
    })
    t.equal(again.isSessionReused(), true)
    await exchangeOn(again, GET)
    t.equal(running.seen.at(-1)?.peer.certificateSubject, 'CN=billing,O=Example\\, Inc.,C=KR')
  }
})

t.test('behind a PROXY header', async (t) => {
  const tls = { ...(await tlsFiles(t)), clientCertificate: 'optional' } as const
  const running = await listen(t, { tls, proxyProtocol: ['127.0.0.1/32'] })
  const trust = { ca: authority.cert, servername: 'localhost', cert: client.cert, key: client.key }
  const { hostname, port } = new URL(running.url)
  const ask = async (header: string | Buffer): Promise<string> => {
    const below = connect(Number(port), hostname)
    below.write(header)
    return exchangeOn(connectSecurely({ ...trust, socket: below }), GET)
  }
  t.match(await ask(FROM), /200 OK/)
  t.match(running.seen, [
    {
      peer: {
        client: { address: '203.0.113.7', source: 'proxy-protocol' },
        certificateSubject: 'CN=billing,O=Example\\, Inc.,C=KR',
      },
    },
  ])
  t.equal(await ask(''), '', 'TLS without the header')
  t.equal(running.seen.length, 1)
})

t.test('a handshake that is not done in time, however it trickles', async (t) => {
  const tls = { ...(await tlsFiles(t)), clientCertificate: 'none', ca: null } as const
  const running = await listen(t, { tls }, { handshakeTimeout: 300 })
  const { hostname, port } = new URL(running.url)
  const socket = connect(Number(port), hostname)
  // The head of a record of 512 bytes that holds a ClientHello; then byte by byte.
  socket.write(Buffer.from('16030102000100', 'hex'))
  const trickle = setInterval(() => socket.write(Buffer.from([1])), 20)
  await exchangeOn(socket, '')
  clearInterval(trickle)
  t.match(running.refused[0], { refusal: 'handshake-timeout' })
  const silent = connect(Number(port), hostname)
  t.equal(await exchangeOn(silent, ''), '')
})

t.test('idle after the handshake is no request; close ends what has not begun', async (t) => {
  const tls = { ...(await tlsFiles(t)), clientCertificate: 'none', ca: null } as const
  const running = await listen(t, { tls }, { headersTimeout: 100 })
  const idle = await connectTls(t, running.url, { ca: authority.cert, servername: 'localhost' })
  t.equal(await exchangeOn(idle, ''), '')
  t.strictSame(running.malformed, [])
  const other = await listen(t, { tls })
  const { hostname, port } = new URL(other.url)
  const opening = connect(Number(port), hostname)
  const kept = await connectTls(t, other.url, { ca: authority.cert, servername: 'localhost' })
  const began = performance.now()
  await Promise.all([other.listener.close(20_000), exchangeOn(opening, ''), exchangeOn(kept, '')])
  t.ok(performance.now() - began < 10_000, 'at once')
})

t.test('certificates that are of no use are refused', async (t) => {
  const paths = await tlsFiles(t)
  writeFileSync(paths.cert, 'no certificate')
  await t.rejects(listen(t, { tls: { ...paths, clientCertificate: 'none' } }), { code: 'TLS_INVALID' })
})
