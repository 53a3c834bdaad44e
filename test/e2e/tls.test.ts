import { once } from 'node:events'
import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { type Authority, createAuthority, type Identity } from '../helper/certificates.ts'
import { historyOf, type RunningSidecar, runSidecar } from '../helper/running-sidecar.ts'
import { connectTls } from '../helper/tls-client.ts'
import { until } from '../helper/until.ts'

const DIALECT = `name: certified
title: A key API whose clients show certificates
requester:
  - { certificate: subject, kind: certificate }
success: { status: 2xx }
error: [{ body: '{"error":"{reason}"}' }]
routes:
  - POST /keys/{key}/use -> use-key use
`

const KEYS = ['billing', 'orders']

/** Certificates of both sides, as files that can be replaced. */
interface Scene {
  readonly authority: Authority
  readonly executed: string[]
  readonly sidecar: RunningSidecar
  readonly file: (name: string) => string
}

/** The key API shows a certificate, and takes none but keytrail's. */
async function tlsUpstream(t: Test, authority: Authority, identity: Identity, executed: string[]) {
  const server = createServer(
    { key: identity.key, cert: identity.cert, ca: authority.cert, requestCert: true },
    (request, response) => {
      executed.push(`${request.url} ${(request.socket as TLSSocket).getPeerCertificate().subject.CN}`)
      request.resume()
      request.on('end', () => response.end('{}'))
    },
  )
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

async function start(t: Test): Promise<Scene> {
  const authority = await createAuthority()
  const kms = await authority.issue({ name: 'CN=kms', dns: ['kms.internal'] })
  const own = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
  const toUpstream = await authority.issue({ name: 'CN=keytrail-client' })
  const directory = t.testdir({
    ...{ 'cert.pem': own.cert, 'key.pem': own.key, 'ca.pem': authority.cert, 'dialect.yaml': DIALECT },
    ...{ 'client-cert.pem': toUpstream.cert, 'client-key.pem': toUpstream.key },
  })
  const file = (name: string): string => join(directory, name)
  const executed: string[] = []
  const url = await tlsUpstream(t, authority, kms, executed)
  const ca = file('ca.pem')
  const tls = { cert: file('cert.pem'), key: file('key.pem'), ca, clientCertificate: 'optional' }
  const client = { cert: file('client-cert.pem'), key: file('client-key.pem') }
  const settings = {
    dialect: file('dialect.yaml'),
    listeners: [{ name: 'api', bind: '127.0.0.1:0', tls }],
    upstream: { url, tls: { ca, ...client, serverName: 'kms.internal', pins: [kms.pin] } },
  }
  const sidecar = await runSidecar(t, url, settings, join(directory, 'data'))
  return { authority, executed, sidecar, file }
}

/** Sends one request; resolves with the status. */
function use(url: string, key: string, agent: HttpsAgent): Promise<number> {
  return new Promise((done, fail) => {
    const request = httpsRequest(`${url}/keys/${key}/use`, { method: 'POST', agent }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode ?? 0))
      response.on('error', fail)
    })
    request.on('error', fail)
    request.end('{}')
  })
}

function told(sidecar: RunningSidecar, pattern: RegExp): Promise<string> {
  return until(() => sidecar.log.find((line) => pattern.test(line)) ?? null, 60_000)
}

function reloadsOf({ log }: RunningSidecar): number {
  return log.filter((line) => line.includes('api: new certificates are in use')).length
}

function serial(socket: TLSSocket): string {
  return socket.getPeerCertificate().serialNumber
}

let running: Scene

t.before(async () => {
  running = await start(t)
})

t.test('1,000 exchanges while the certificate is replaced again and again', async (t) => {
  const { authority, sidecar, executed, file } = running
  const user = await authority.issue({ name: 'C=KR, O=Example, CN=billing-service' })
  const trust = { ca: authority.cert, servername: 'localhost', cert: user.cert, key: user.key }
  const serials = new Set<string>()
  const statuses: number[] = []
  let left = 1000
  let reloads = 0
  const worker = async (): Promise<void> => {
    while (left > 0) {
      // A connection for some requests, so that handshakes and kept connections are both under way at each reload.
      const agent = new HttpsAgent({ ...trust, keepAlive: true, maxSockets: 1, maxCachedSessions: 0 })
      agent.on('keylog', (_, socket) => socket.once('secureConnect', () => serials.add(serial(socket))))
      for (let i = 0; i < 20 && left > 0; i++) {
        left--
        statuses.push(await use(sidecar.api, KEYS[left % 2] ?? '', agent))
      }
      agent.destroy()
    }
  }
  const replace = async (): Promise<void> => {
    while (left > 100) {
      const fresh = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
      writeFileSync(file('cert.pem'), fresh.cert)
      // Between the two the pair is none.
      sidecar.process.kill('SIGHUP')
      await new Promise((done) => setTimeout(done, 20))
      writeFileSync(file('key.pem'), fresh.key)
      sidecar.process.kill('SIGHUP')
      reloads++
      const before = left
      await until(() => (reloadsOf(sidecar) === reloads && left < before - 50 ? true : null), 60_000)
    }
  }
  await Promise.all([replace(), ...Array.from({ length: 8 }, worker)])
  t.strictSame([statuses.length, statuses.filter((status) => status !== 200)], [1000, []])
  t.strictSame(
    [executed.length, new Set(executed.map((line) => line.split(' ')[1]))],
    [1000, new Set(['keytrail-client'])],
  )
  t.ok(reloads > 1 && serials.size > 1, `${reloads} reloads, ${serials.size} certificates seen`)
  let recorded = 0
  for (const key of KEYS) {
    const records = await historyOf(sidecar.history, key)
    recorded += records.length
    t.match(records[0], {
      outcome: 'success',
      requester: { id: 'CN=billing-service,O=Example,C=KR', kind: 'certificate' },
    })
  }
  t.equal(recorded, 1000)
  t.ok(
    sidecar.log.every((line) => !line.includes('PRIVATE')),
    'no key in the log',
  )
})

t.test('files are followed, and what is of no use changes nothing', async (t) => {
  const { authority, sidecar, file } = running
  const trust = { ca: authority.cert, servername: 'localhost' }
  const first = serial(await connectTls(t, sidecar.api, trust))
  const before = reloadsOf(sidecar)
  const failures = (): string[] => sidecar.log.filter((line) => line.includes('were not taken'))
  const earlier = failures().length
  const fresh = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
  writeFileSync(file('cert.pem'), fresh.cert)
  t.match(JSON.parse(await until(() => failures()[earlier] ?? null, 60_000)), {
    level: 'error',
    code: 'TLS_INVALID',
    listener: 'api',
  })
  t.equal(serial(await connectTls(t, sidecar.api, trust)), first, 'half a pair is not taken')
  // As Kubernetes replaces a secret: the name leads to another file.
  writeFileSync(file('key-2.pem'), fresh.key)
  symlinkSync(file('key-2.pem'), file('key.link'))
  renameSync(file('key.link'), file('key.pem'))
  await until(() => (reloadsOf(sidecar) > before ? true : null), 60_000)
  const second = serial(await connectTls(t, sidecar.api, trust))
  t.not(second, first)
  writeFileSync(file('cert.pem'), 'no certificate')
  sidecar.process.kill('SIGHUP')
  await told(sidecar, /expected certificates as PEM/)
  t.equal(serial(await connectTls(t, sidecar.api, trust)), second)
  t.equal(await use(sidecar.api, 'billing', new HttpsAgent(trust)), 200)
})
