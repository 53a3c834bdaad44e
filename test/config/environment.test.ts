import t from 'tap'
import { applyOverrides, environmentVariables, readEnvironment } from '../../src/config/environment.ts'
import { configSchema } from '../../src/config/schema.ts'

const read = (env: Record<string, string>) => readEnvironment(configSchema, env)
const readOne = (name: string, text: string) => read({ [name]: text }).values[0]?.value

t.test('names follow from paths', async (t) => {
  const variables = environmentVariables(configSchema)
  t.strictSame(variables.get('KEYTRAIL_UPSTREAM_TIMEOUTS_CONNECT')?.path, ['upstream', 'timeouts', 'connect'])
  t.strictSame(variables.get('KEYTRAIL_TRUSTED_PROXIES')?.path, ['trustedProxies'])
  t.strictSame(variables.get('KEYTRAIL_LIMITS_KEY_ID')?.path, ['limits', 'keyId'])
  for (const name of [
    'DURABILITY',
    'STORE_PATH',
    'UPSTREAM_URL',
    'HISTORY_AUTH',
    'LISTENERS',
    'REQUESTERS',
  ]) {
    t.ok(variables.has(`KEYTRAIL_${name}`), name)
  }
  const paths = [...variables.values()].map(({ path }) => path.join('.'))
  t.equal(new Set(paths).size, variables.size)
  t.ok(paths.length > 40, 'no two paths share a name')
})

t.test('text and words are taken as they are, all else is YAML', async (t) => {
  t.equal(readOne('KEYTRAIL_STORE_PATH', '123'), '123')
  t.equal(readOne('KEYTRAIL_STORE_PATH', '[x'), '[x')
  t.equal(readOne('KEYTRAIL_HISTORY_BIND', '[::1]:8400'), '[::1]:8400')
  t.equal(readOne('KEYTRAIL_DURABILITY', 'async'), 'async')
  t.equal(readOne('KEYTRAIL_RETENTION_RECORDS', '100'), 100)
  t.strictSame(readOne('KEYTRAIL_TRUSTED_PROXIES', '[10.0.0.0/8, ::1]'), ['10.0.0.0/8', '::1'])
  t.strictSame(readOne('KEYTRAIL_REQUESTERS', '{ A: b }'), { A: 'b' })
  t.equal(readOne('KEYTRAIL_REQUESTERS', 'requesters.yaml'), 'requesters.yaml')
  t.equal(readOne('KEYTRAIL_HISTORY_AUTH', 'none'), 'none')
})

t.test('what is not ours or not usable', async (t) => {
  t.strictSame(read({ PATH: '/bin', HOME: '/', keytrail_x: '1', KEYTRAILX: '1' }), {
    values: [],
    problems: [],
  })
  const { problems } = read({
    KEYTRAIL_UPSTREAM_ULR: 'x',
    KEYTRAIL_UPSTREAM: '{}',
    KEYTRAIL_DURABILITY: '',
    KEYTRAIL_ACL: '[{',
  })
  t.strictSame(
    problems.map(({ path }) => path[0]),
    ['KEYTRAIL_UPSTREAM_ULR', 'KEYTRAIL_UPSTREAM', 'KEYTRAIL_DURABILITY', 'KEYTRAIL_ACL'],
  )
  t.match(problems[0]?.message, /KEYTRAIL_UPSTREAM_URL/)
})

t.test('the variables that Kubernetes sets for a service are passed over', async (t) => {
  const links = [
    'SERVICE_HOST',
    'SERVICE_PORT',
    'SERVICE_PORT_API',
    'PORT',
    'PORT_8300_TCP',
    'PORT_8300_TCP_ADDR',
  ]
  const names = links.flatMap((link) => [`KEYTRAIL_${link}`, `KEYTRAIL_HISTORY_${link}`])
  t.strictSame(read(Object.fromEntries(names.map((name) => [name, 'tcp://10.0.0.1:8300']))), {
    values: [],
    problems: [],
  })
  for (const name of environmentVariables(configSchema).keys()) {
    t.notOk(/_(SERVICE_HOST|SERVICE_PORT|PORT)$/.test(name), `${name} is no such name`)
  }
})

t.test('overrides leave the rest as it is', async (t) => {
  const overrides = read({ KEYTRAIL_UPSTREAM_URL: 'http://b', KEYTRAIL_LOG_LEVEL: 'warn' })
  const root = { upstream: { url: 'http://a', connections: 1 } }
  t.strictSame(applyOverrides(root, overrides), {
    upstream: { url: 'http://b', connections: 1 },
    log: { level: 'warn' },
  })
  t.strictSame(root, { upstream: { url: 'http://a', connections: 1 } }, 'the input is not touched')
  t.strictSame(applyOverrides({ upstream: 5 }, overrides), { upstream: 5, log: { level: 'warn' } })
  t.equal(applyOverrides('text', overrides), 'text')
})
