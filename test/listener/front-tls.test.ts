import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import t, { type Test } from 'tap'
import { type Authority, createAuthority, type Identity } from '../helper/certificates.ts'
import { connectTls, exchangeOn } from '../helper/tls-client.ts'
import { until } from '../helper/until.ts'
import { FROM, GET, listen, send } from './answering-listener.ts'

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
