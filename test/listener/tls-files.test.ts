import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readTlsFiles } from '../../src/listener/tls-files.ts'
import { TlsReload } from '../../src/listener/tls-reload.ts'
import { createAuthority } from '../helper/certificates.ts'
import { until } from '../helper/until.ts'

t.test('files are read, and must hold what they should', async (t) => {
  const authority = await createAuthority()
  const [one, other] = [
    await authority.issue({ name: 'CN=one' }),
    await authority.issue({ name: 'CN=other' }),
  ]
  const directory = t.testdir({
    ...{ cert: one.cert, key: one.key, ca: authority.cert, otherKey: other.key },
    ...{
      empty: '',
      noise: 'BEGIN CERTIFICATE',
      cut: `${one.cert}\n${authority.cert}`.slice(0, -40),
      chain: `${one.cert}\n${authority.cert}`,
    },
  })
  const file = (name: string): string => join(directory, name)
  const pair = { cert: file('cert'), key: file('key'), ca: null }
  t.strictSame(readTlsFiles(pair), { cert: Buffer.from(one.cert), key: Buffer.from(one.key) })
  t.match(readTlsFiles({ ...pair, cert: file('chain'), ca: file('ca') }), { ca: Buffer.from(authority.cert) })
  t.strictSame(readTlsFiles({ cert: null, key: null, ca: null }), {})
  const bad: Record<string, Parameters<typeof readTlsFiles>[0]> = {
    'another key': { ...pair, key: file('otherKey') },
    'no file': { ...pair, cert: file('absent') },
    'a directory': { ...pair, key: directory },
    'an empty certificate': { ...pair, cert: file('empty') },
    'an empty key': { ...pair, key: file('empty') },
    'no certificate': { ...pair, cert: file('noise') },
    'a certificate as key': { ...pair, key: file('cert') },
    'a chain that is cut off': { ...pair, cert: file('cut') },
    'authorities that are cut off': { ...pair, ca: file('cut') },
    'no authority': { ...pair, ca: file('noise') },
    'a key as authority': { ...pair, ca: file('key') },
  }
  for (const [name, files] of Object.entries(bad)) {
    t.throws(() => readTlsFiles(files), { code: 'TLS_INVALID', message: directory }, name)
    try {
      readTlsFiles(files)
    } catch (error) {
      t.notMatch(String(error), /BEGIN|MII|MIG/, `${name}: nothing of what stands in them is told`)
    }
  }
})

t.test('what changes is taken once it is whole', async (t) => {
  const authority = await createAuthority()
  const [one, other] = [
    await authority.issue({ name: 'CN=one' }),
    await authority.issue({ name: 'CN=other' }),
  ]
  const directory = t.testdir({ cert: one.cert, key: one.key })
  const files = { cert: join(directory, 'cert'), key: join(directory, 'key'), ca: null }
  const events: string[] = []
  const reload = new TlsReload(files, readTlsFiles(files), {
    use: ({ cert }) => events.push(cert?.toString() === other.cert ? 'other' : 'one'),
    reloaded: () => events.push('reloaded'),
    failed: ({ code }) => events.push(code),
  })
  t.teardown(() => reload.close())
  reload.reload()
  t.strictSame(events, [], 'nothing is new')
  writeFileSync(files.cert, other.cert)
  reload.reload()
  t.strictSame(events.splice(0), ['TLS_INVALID'])
  // Nobody asks: the files are looked at.
  const keep = setInterval(() => undefined, 1000)
  writeFileSync(files.key, other.key)
  await until(() => (events.includes('reloaded') ? true : null))
  clearInterval(keep)
  t.strictSame(events.slice(-2), ['other', 'reloaded'])
})
