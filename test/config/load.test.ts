import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { KeytrailError } from '../../src/errors.ts'
import { load } from './complaint.ts'

t.test('without a file there are defaults', async (t) => {
  const config = loadConfig({ file: null, env: {} })
  t.strictSame(config.listeners, [
    { name: 'api', bind: { host: '127.0.0.1', port: 8300 }, channel: 'api', tls: null, proxyProtocol: [] },
  ])
  t.equal(config.upstream.timeouts.response, 30_000)
  t.equal(config.store.mapSize, 64 * 1024 ** 3)
  t.equal(config.limits.keyId, 512)
  t.equal(config.durability, 'strict')
  t.strictSame(config.trustedProxies, [])
  t.strictSame(config.history.auth, { kind: 'none' })
  t.strictSame(load(''), config, 'an empty file says nothing')
  t.strictSame(load('# only words\n'), config)
})

t.test('the effective configuration is frozen through and through', async (t) => {
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  t.ok(isFrozen(load('acl: [{ keys: a, allow: [10.0.0.0/8] }]\nrequesters: { A: b }')))
  const { A: account, constructor: made } = load('requesters: { A: b }').requesters
  t.equal(account, 'b')
  t.equal(made, undefined, 'an access key of that name is no account')
})

t.test('texts are parsed once', async (t) => {
  const config = load(
    `
listeners: [{ name: c, bind: "[::1]:0", channel: console }]
upstream: { url: HTTPS://Kms.Example:443/, timeouts: { connect: 250 } }
trustedProxies: [10.0.0.1, "2001:DB8::/32", "::ffff:10.1.0.0/112"]
channelRules: [{ channel: console, header: { name: X-Origin, equals: A } }]
limits: { body: 1GiB, idleTimeout: 2m }
history:
  auth: { tokens: [{ name: a, sha256: ${'AB'.repeat(32)}, keys: ["*"] }] }
`,
  )
  t.strictSame(config.listeners[0]?.bind, { host: '::1', port: 0 })
  t.equal(config.upstream.url, 'https://kms.example')
  t.equal(config.upstream.timeouts.connect, 250)
  t.equal(config.upstream.timeouts.response, 30_000, 'what is not said has its default')
  t.strictSame(config.trustedProxies, ['10.0.0.1/32', '2001:db8::/32', '10.1.0.0/16'])
  t.strictSame(config.channelRules[0], {
    channel: 'console',
    from: [],
    header: { name: 'x-origin', equals: 'A' },
  })
  t.equal(config.limits.body, 1024 ** 3)
  t.equal(config.limits.idleTimeout, 120_000)
  t.strictSame(config.history.auth, {
    kind: 'tokens',
    tokens: [{ name: 'a', keys: ['*'], rights: ['read'], sha256: 'ab'.repeat(32) }],
    certificates: [],
  })
})

t.test('the environment overrides the file', async (t) => {
  const env = {
    KEYTRAIL_UPSTREAM_URL: 'http://10.0.0.9:1',
    KEYTRAIL_DURABILITY: 'async',
    KEYTRAIL_RETENTION_DAYS: '400',
    KEYTRAIL_TRUSTED_PROXIES: '[10.0.0.0/8]',
    KEYTRAIL_LIMITS_HELD_BODY: '1MiB',
  }
  const config = load('durability: committed\nupstream: { connections: 5 }', env)
  t.equal(config.upstream.url, 'http://10.0.0.9:1')
  t.equal(config.upstream.connections, 5)
  t.equal(config.durability, 'async')
  t.equal(config.retention.days, 400)
  t.strictSame(config.trustedProxies, ['10.0.0.0/8'])
  t.equal(config.limits.heldBody, 1024 ** 2)
})

t.test('property: whatever a file says, it is taken or refused with a code', async () => {
  const names = fc.constantFrom(
    'listeners',
    'upstream',
    'acl',
    'history',
    'auth',
    'tokens',
    'limits',
    'url',
    'x',
    'requesters',
  )
  const value = fc.object({
    key: names,
    maxDepth: 3,
    values: [fc.string(), fc.integer(), fc.constant(null), fc.boolean()],
  })
  fc.assert(
    fc.property(
      fc.oneof(
        value.map((object) => JSON.stringify(object)),
        fc.string(),
      ),
      (yaml) => {
        try {
          return Object.isFrozen(load(yaml))
        } catch (error) {
          return error instanceof KeytrailError && error.code === 'CONFIG_INVALID'
        }
      },
    ),
    { numRuns: 300 },
  )
})
