import { request } from 'node:https'
import { join } from 'node:path'
import type { SecureContextOptions } from 'node:tls'
import t from 'tap'
import { health } from '../../src/command/health.ts'
import { createAuthority } from '../helper/certificates.ts'
import { closedPort } from '../helper/http-upstream.ts'
import { runSidecar } from '../helper/running-sidecar.ts'
import { until } from '../helper/until.ts'

/** Status of a GET; 0 where the connection was ended. */
function get(url: string, identity: SecureContextOptions, headers: Record<string, string> = {}) {
  return new Promise<number>((done) => {
    const asked = request(
      url,
      { ...identity, servername: 'localhost', headers, agent: false },
      (response) => {
        response.resume()
        done(response.statusCode ?? 0)
      },
    )
    asked.on('error', () => done(0))
    asked.end()
  })
}

t.test('the history over TLS, read by who shows a certificate', async (t) => {
  const authority = await createAuthority()
  const own = await authority.issue({ name: 'CN=keytrail', dns: ['localhost'] })
  const auditor = await authority.issue({ name: 'O=Example, CN=auditor' })
  const guest = await authority.issue({ name: 'CN=guest' })
  const stranger = await (await createAuthority('CN=another')).issue({ name: 'O=Example, CN=auditor' })
  const directory = t.testdir({ 'cert.pem': own.cert, 'key.pem': own.key, 'ca.pem': authority.cert })
  const [cert, key, ca] = ['cert.pem', 'key.pem', 'ca.pem'].map((name) => join(directory, name))
  const upstream = await closedPort()
  const subject = 'CN=auditor,O=Example'
  const settings = {
    history: {
      bind: '127.0.0.1:0',
      tls: { cert, key, ca, clientCertificate: 'optional' },
      auth: { certificates: [{ name: 'auditor', subject, keys: ['*'] }] },
    },
  }
  const sidecar = await runSidecar(t, upstream, settings, join(directory, 'data'))
  t.match(sidecar.history, /^https:/)
  const trust = { ca: authority.cert }
  const keys = `${sidecar.history}/v1/keys`
  t.equal(await get(keys, { ...trust, cert: auditor.cert, key: auditor.key }), 200)
  t.equal(await get(keys, { ...trust, cert: guest.cert, key: guest.key }), 401, 'nobody we know')
  t.equal(await get(keys, trust), 401, 'nobody at all')
  t.equal(await get(keys, { ...trust, cert: stranger.cert, key: stranger.key }), 0, 'not verified')
  const token = { authorization: 'Bearer wrong-wrong-wrong' }
  t.equal(
    await get(keys, { ...trust, cert: auditor.cert, key: auditor.key }, token),
    401,
    'a token counts alone',
  )
  t.equal(await get(`${sidecar.history}/healthz`, trust), 200)
  sidecar.process.kill('SIGHUP')
  await until(() => (sidecar.log.some((line) => line.includes('was read again')) ? true : null))
  let said = ''
  const code = await health(
    {
      ...{ out: () => undefined, columns: null, clock: Date.now },
      err: (text) => {
        said += text
      },
      env: { KEYTRAIL_HISTORY_BIND: new URL(sidecar.history).host },
    },
    { config: `${sidecar.dataDir}.yaml` },
  )
  t.equal(code, 1)
  t.match(said, /ECONNREFUSED/, 'it is asked over TLS, and tells of the upstream')
})
