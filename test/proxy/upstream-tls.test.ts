import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { Upstream } from '../../src/proxy/upstream.ts'
import { NO_UPSTREAM_TLS, type UpstreamTls } from '../../src/proxy/upstream-tls.ts'
import { type Authority, createAuthority, type Identity } from '../helper/certificates.ts'

let authority: Authority
let kms: Identity

t.before(async () => {
  authority = await createAuthority()
  kms = await authority.issue({ name: 'CN=kms', dns: ['kms.internal'], ip: ['127.0.0.1'] })
})

interface Server {
  readonly url: string
  /** Names asked for, and the names of the certificates shown. */
  readonly seen: string[]
}

async function serve(t: Test, identity: Identity): Promise<Server> {
  const seen: string[] = []
  const server = createServer(
    {
      ...{ key: identity.key, cert: identity.cert, ca: authority.cert },
      requestCert: true,
      rejectUnauthorized: false,
    },
    ({ socket }, response) => {
      const tls = socket as TLSSocket & { readonly servername: string | false }
      seen.push(`${tls.servername || 'no name'}, ${tls.getPeerCertificate().subject?.CN ?? 'no certificate'}`)
      response.end('{}')
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, seen }
}

interface Asked {
  readonly upstream: Upstream
  /** Status of the answer, or the kind of the failure. */
  ask(): Promise<number | string>
  /** Why no connection could be made, and what came of reloads. */
  readonly notices: string[]
}

function connect(t: Test, url: string, tls: Partial<UpstreamTls>, waiting = 10): Asked {
  const notices: string[] = []
  const note = (error: Error): void => {
    notices.push('code' in error ? String(error.code) : error.message)
  }
  const upstream = new Upstream(
    {
      ...{ url, connections: 1, waiting, connectTimeoutMs: 3000, responseTimeoutMs: 20_000, host: 'keep' },
      tls: { ...NO_UPSTREAM_TLS, ...tls },
    },
    { unreachable: note, failed: note, reloaded: () => notices.push('reloaded') },
  )
  t.teardown(() => upstream.close())
  const ask = (): Promise<number | string> =>
    new Promise((done) => {
      let status = 0
      upstream.send(
        { method: 'GET', target: '/', headers: ['Host', 'client.example'], body: null },
        {
          onSent: () => undefined,
          onHead(found) {
            status = found
            return true
          },
          onBody: () => true,
          onEnd: () => done(status),
          onFailure: ({ kind }) => done(kind),
        },
      )
    })
  return { upstream, ask, notices }
}

t.test('the key API must be who it should be', async (t) => {
  const { url, seen } = await serve(t, kms)
  const ca = join(t.testdir({ 'ca.pem': authority.cert }), 'ca.pem')
  const good: [string, Partial<UpstreamTls>][] = [
    ['by its address', { ca }],
    ['by a name', { ca, serverName: 'kms.internal' }],
    ['by its key', { ca, pins: [`${'A'.repeat(43)}=`, kms.pin] }],
  ]
  for (const [name, tls] of good) t.equal(await connect(t, url, tls).ask(), 200, name)
  t.strictSame(seen, ['no name, no certificate', 'kms.internal, no certificate', 'no name, no certificate'])
  const bad: [string, Partial<UpstreamTls>, string][] = [
    ['another name', { ca, serverName: 'another.internal' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['another key', { ca, pins: [`${'A'.repeat(43)}=`] }, 'UPSTREAM_PIN'],
    ['another authority', {}, 'SELF_SIGNED_CERT_IN_CHAIN'],
  ]
  for (const [name, tls, why] of bad) {
    const { ask, notices } = connect(t, url, tls)
    t.equal(await ask(), 'unreachable', name)
    t.strictSame(notices, [why], name)
  }
  t.equal(seen.length, 3, 'nothing was sent')
})

t.test('an expired certificate is none', async (t) => {
  const { url } = await serve(t, await authority.issue({ name: 'CN=kms', ip: ['127.0.0.1'], expired: true }))
  const { ask, notices } = connect(t, url, { ca: join(t.testdir({ ca: authority.cert }), 'ca') })
  t.equal(await ask(), 'unreachable')
  t.strictSame(notices, ['CERT_HAS_EXPIRED'])
})

t.test('its own certificate, and the next one', async (t) => {
  const { url, seen } = await serve(t, kms)
  const [first, second] = await Promise.all(
    ['CN=first', 'CN=second'].map((name) => authority.issue({ name })),
  )
  if (first === undefined || second === undefined) throw new Error('no certificates')
  const directory = t.testdir({ 'ca.pem': authority.cert, 'cert.pem': first.cert, 'key.pem': first.key })
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(directory, name))
  const { ask, upstream, notices } = connect(t, url, { ca: ca ?? '', cert: cert ?? '', key: key ?? '' })
  t.equal(await ask(), 200)
  writeFileSync(cert ?? '', second.cert)
  upstream.reloadTls()
  t.strictSame(notices, ['TLS_INVALID'], 'half a pair')
  t.equal(await ask(), 200)
  writeFileSync(key ?? '', second.key)
  upstream.reloadTls()
  t.strictSame(notices, ['TLS_INVALID', 'reloaded'])
  t.equal(await ask(), 200, 'the connection that is open goes on')
  t.strictSame(seen, ['no name, first', 'no name, first', 'no name, first'])
  const fresh = connect(t, url, { ca: ca ?? '', cert: cert ?? '', key: key ?? '' })
  await fresh.ask()
  t.equal(seen.at(-1), 'no name, second')
})

t.test('files that are of no use stop the start', async (t) => {
  t.throws(() => connect(t, 'https://127.0.0.1:1', { ca: '/no/such/file' }), { code: 'TLS_INVALID' })
})

t.test('more than may wait are refused, and the place is free again', async (t) => {
  const { url } = await serve(t, kms)
  const { ask, upstream } = connect(t, url, { ca: join(t.testdir({ ca: authority.cert }), 'ca') }, 2)
  const answers = await Promise.all([ask(), ask(), ask(), ask(), ask()])
  t.strictSame(answers, [200, 200, 200, 'busy', 'busy'])
  t.equal(upstream.pending, 0)
  t.equal(await ask(), 200)
})
