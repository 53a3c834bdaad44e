import { existsSync } from 'node:fs'
import t from 'tap'
import { runCli } from '../command/cli-process.ts'
import { deployDocuments } from './manifest.ts'

interface Service {
  readonly build: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks: readonly string[]
  readonly depends_on?: readonly string[]
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const SERVICE_FIELDS =
  'build command environment ports volumes networks depends_on read_only cap_drop security_opt stop_grace_period restart healthcheck'.split(
    ' ',
  )

const [compose] = deployDocuments('compose.yaml') as Compose[]
const { services, networks, volumes } = compose ?? { services: {}, networks: {}, volumes: {} }

t.test('what it names exists', async (t) => {
  t.same(Object.keys(services), ['key-api', 'keytrail'])
  for (const service of Object.values(services)) {
    for (const field of Object.keys(service)) t.ok(SERVICE_FIELDS.includes(field), field)
    t.ok(existsSync(new URL(`../../config/deploy/${service.build}/Dockerfile`, import.meta.url)))
    for (const name of service.networks) t.ok(name in networks, name)
    for (const name of service.depends_on ?? []) t.ok(name in services, name)
    for (const volume of service.volumes ?? []) t.ok(volume.split(':')[0] ?? '' in volumes, volume)
    t.same([service.read_only, service.cap_drop], [true, ['ALL']])
  }
})

t.test('the key API is reached through keytrail only', async (t) => {
  t.same(services['key-api']?.ports ?? [], [])
  t.same(services['key-api']?.networks, ['behind'])
  t.equal(networks['behind']?.internal, true)
  t.equal(services['keytrail']?.environment?.['KEYTRAIL_UPSTREAM_URL'], 'http://key-api:8200')
  for (const port of services['keytrail']?.ports ?? []) t.match(port, /^127\.0\.0\.1:/)
})

t.test('its commands and variables are ones that keytrail knows', async (t) => {
  t.match(await runCli(t, [...(services['key-api']?.command ?? []), '--help']), { code: 0 })
  const env = { ...services['keytrail']?.environment }
  const file = new URL('../../config/deploy/container.yaml', import.meta.url).pathname
  t.match(await runCli(t, ['config', 'check', file], { env }), { code: 0, stdout: /key-api:8200/ })
})
