import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { KeytrailError } from '../../src/errors.ts'

type Env = Record<string, string>

const directory = t.testdir({})

/** Loads `yaml` as a file. */
function load(yaml: string, env: Env = {}) {
  const file = join(directory, 'k.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, env })
}

/** The message of the CONFIG_INVALID that `yaml` gives. */
function complaint(t: Test, yaml: string, env: Env = {}): string {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof KeytrailError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  t.fail('it was taken')
  return ''
}

/** How many problems, and that each is told with these words. */
function complains(t: Test, message: string, problems: readonly RegExp[]) {
  const lines = message.split('\n').slice(1)
  t.equal(lines.length, problems.length, message)
  for (const problem of problems)
    t.ok(
      lines.some((line) => problem.test(line)),
      `${problem}`,
    )
}

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

t.test(
  'all problems are told together, each with its place, what was expected and what was found',
  async (t) => {
    const yaml = `listeners:
  - name: Api
    bind: "8300"
upstream:
  url: http://kms/path
retension: {}
durability: sometimes
limits:
  headersTimeout: 2m
trustedProxies: [10.0.0.1/8]
channelRules: [{ channel: system }]
acl: { keys: a }
`
    complains(t, complaint(t, yaml, { KEYTRAIL_STORE_MAP_SIZE: '1MB', KEYTRAIL_STOER_PATH: 'x' }), [
      /listeners\[0\]\.name \(line 2\): expected .*letters.*found "Api"/,
      /listeners\[0\]\.bind \(line 3\): expected host:port.*found "8300"/,
      /upstream\.url \(line 5\): expected http.*found "http:\/\/kms\/path"/,
      /retension \(line 6\): .*retention/,
      /durability \(line 7\): expected one of strict, committed, async, found "sometimes"/,
      /limits\.headersTimeout \(line 9\): .*limits\.requestTimeout/,
      /trustedProxies\[0\] \(line 10\): expected .*host bits.*found "10\.0\.0\.1\/8"/,
      /channelRules\[0\]\.channel \(line 11\): expected one of api, console, found "system"/,
      /acl \(line 12\): expected a list.*found a mapping/,
      /store\.mapSize \(KEYTRAIL_STORE_MAP_SIZE\): expected a size.*found "1MB"/,
      /KEYTRAIL_STOER_PATH: unknown variable.*KEYTRAIL_STORE_PATH/,
    ])
  },
)

t.test('one mistake is told once, without what was merely left out', async (t) => {
  complains(
    t,
    complaint(t, `history: { auth: { tokens: [{ name: X, sha256: ${'a'.repeat(64)}, keys: [k] }] } }`),
    [/history\.auth\.tokens\[0\]\.name/],
  )
  complains(t, complaint(t, 'listeners: [{ channel: api }]'), [
    /listeners\[0\]\.name.*missing/,
    /listeners\[0\]\.bind.*missing/,
  ])
})

t.test('fields of every kind refuse what they are not', async (t) => {
  const mistakes: [string, RegExp][] = [
    ['upstream:', /upstream \(line 1\): expected a mapping with url.*found nothing/],
    ['listeners: []', /listeners.*at least one/],
    ['upstream: { connections: 0 }', /connections.*from 1 to 10000, found 0/],
    ['upstream: { connections: 1.5 }', /connections.*found 1\.5/],
    ['upstream: { connections: "64" }', /connections.*found "64"/],
    ['upstream: { timeouts: { connect: -1 } }', /connect.*a duration/],
    ['upstream: { url: "http://user:pass@kms" }', /upstream\.url.*\*\*\*@kms/],
    ['upstream: { url: "ftp://kms" }', /upstream\.url/],
    ['dialect: ""', /dialect.*found ""/],
    ['dialect: "a\\u0000b"', /dialect/],
    ['store: { path: 5 }', /store\.path.*found 5/],
    ['limits: { keyId: 4KiB }', /limits\.keyId.*1KiB/],
    ['limits: { body: 0 }', /limits\.body/],
    ['requesters: [a]', /requesters.*a list of 1/],
    ['requesters: { A: 5 }', /requesters\.A.*account id.*found 5/],
    ['requesters: { "a\\nb": x }', /requesters/],
    ['acl: [{ keys: "" }]', /acl\[0\]\.keys/],
    ['acl: [{ keys: a, alow: [] }]', /acl\[0\]\.alow.*did you mean allow/],
    ['channelRules: [{ channel: api, header: { name: "a b", equals: c } }]', /header\.name.*a header name/],
    ['channelRules: [{ channel: api, header: origin }]', /header.*found "origin"/],
    ['history: { bind: 8400 }', /history\.bind.*host:port/],
    ['log: { level: loud }', /log\.level.*trace/],
    ['__proto__: { log: 1 }', /__proto__.*unknown key/],
    ['- a', /expected a mapping.*a list of 1/],
    ['text', /expected a mapping.*"text"/],
  ]
  for (const [yaml, problem] of mistakes) {
    t.test(yaml, async (t) => complains(t, complaint(t, yaml), [problem]))
  }
})

t.test('fields are held against each other', async (t) => {
  const listener = (name: string, bind: string) => `{ name: ${name}, bind: "${bind}" }`
  const mistakes: [string, RegExp[]][] = [
    [`listeners: [${listener('a', 'x:1')}, ${listener('a', 'x:2')}]`, [/listeners\[1\]\.name/]],
    [`listeners: [${listener('a', '[::1]:1')}, ${listener('b', '[0::1]:1')}]`, [/listeners\[1\]\.bind/]],
    [`listeners: [${listener('a', '127.0.0.1:8400')}]`, [/history\.bind/]],
    ['upstream: { url: "http://127.0.0.1:8300" }', [/upstream\.url.*own listener/]],
    ['trustedProxies: [0.0.0.0/0, "::/0"]', [/trustedProxies\[0\]/, /trustedProxies\[1\]/]],
    ['channelRules: [{ channel: api }]', [/channelRules\[0\].*no condition/]],
    ['limits: { body: 32KiB }', [/limits\.heldBody/]],
    ['limits: { target: 17KiB }', [/limits\.target/]],
    [
      'listeners: [{ name: a, bind: "x:1", proxyProtocol: [0.0.0.0/0] }]',
      [/proxyProtocol\[0\].*own address/],
    ],
    [
      'listeners: [{ name: a, bind: "x:1", tls: { cert: c, key: k, clientCertificate: required } }]',
      [/listeners\[0\]\.tls: cannot read c/, /listeners\[0\]\.tls\.ca.*missing/],
    ],
    [
      'history: { tls: { cert: /no/such, key: k, ca: a } }',
      [/history\.tls: cannot read/, /history\.tls\.ca.*not be used/],
    ],
    [
      'upstream: { tls: { cert: c } }',
      [/upstream\.tls\.key.*missing/, /upstream\.tls.*not https/, /upstream\.tls: cannot read c/],
    ],
    ['upstream: { tls: { pins: [abc] } }', [/upstream\.tls\.pins\[0\].*SHA-256/]],
    [
      'history: { auth: { certificates: [{ name: a, subject: "CN=a", keys: ["*"] }] } }',
      [/history\.auth\.certificates.*must ask/],
    ],
    ['history: { bind: "0.0.0.0:8400" }', [/history\.auth/]],
    ['history: { bind: "kms.example:8400" }', [/history\.auth/]],
    ['history: { auth: { tokens: [] } }', [/history\.auth.*nobody/]],
    ['history: { auth: { tokens: [{ name: a, keys: ["*"] }] } }', [/tokens\[0\].*sha256 and file/]],
    ['history: { auth: { jwt: { issuer: i, audience: a } } }', [/auth\.jwt.*jwksUrl and jwksFile/]],
    ['history: { auth: { jwt: { jwksUrl: "http://x/j", issuer: i, audience: a } } }', [/jwksUrl.*https/]],
  ]
  for (const [yaml, problems] of mistakes)
    t.test(yaml, async (t) => complains(t, complaint(t, yaml), problems))
  const free = load(`listeners: [${listener('a', '127.0.0.1:0')}, ${listener('b', '127.0.0.1:0')}]`)
  t.equal(free.listeners.length, 2, 'any number may ask for a free port')
})

t.test('what is described but not yet done is refused', async (t) => {
  const yaml = `
listeners: [{ name: a, bind: "x:1" }, { name: a, bind: "x:2" }]
logAnalytics: { sinks: [{ name: s, type: webhook, url: "https://x" }] }`
  complains(t, complaint(t, yaml), [/listeners\[1\]\.name.*taken/, /logAnalytics\.sinks.*not yet supported/])
})

t.test('YAML that is none is told with file and line', async (t) => {
  t.match(complaint(t, 'log: { level: info }\nupstream: [a'), /k\.yaml:2:\d+: /)
  t.match(complaint(t, 'log: {}\nlog: {}'), /k\.yaml:2:1: .*unique/)
  t.match(complaint(t, 'a: 1\n---\nb: 2'), /k\.yaml:/)
  t.match(complaint(t, 'dialect: !secret x'), /k\.yaml:1:\d+/)
  t.match(complaint(t, 'dialect: *x'), /k\.yaml/)
  const tenfold = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join()}]`
  const bomb = [tenfold('a', 'x'), tenfold('b', '*a'), tenfold('c', '*b'), tenfold('d', '*c')].join('\n')
  t.match(complaint(t, bomb), /alias/)
})

t.test('a file that can’t be read has its own code', async (t) => {
  t.throws(() => loadConfig({ file: join(directory, 'none.yaml'), env: {} }), { code: 'CONFIG_UNREADABLE' })
  t.throws(() => loadConfig({ file: directory, env: {} }), { code: 'CONFIG_UNREADABLE' })
})

t.test('files that the configuration names are read', async (t) => {
  const token = 'a-token-of-some-length'
  const set = { keys: [{ kty: 'EC', kid: '1' }] }
  const directory = t.testdir({
    'r.yaml': 'A: a\nB: b\n',
    token: `${token}\n`,
    'j.json': JSON.stringify(set),
  })
  const config = loadConfig({
    file: null,
    env: {
      KEYTRAIL_REQUESTERS: join(directory, 'r.yaml'),
      KEYTRAIL_HISTORY_AUTH: JSON.stringify({
        tokens: [{ name: 't', file: join(directory, 'token'), keys: ['*'], rights: ['manage'] }],
        jwt: { jwksFile: join(directory, 'j.json'), issuer: 'i', audience: 'a' },
      }),
    },
  })
  t.strictSame({ ...config.requesters }, { A: 'a', B: 'b' })
  t.strictSame(config.history.auth, {
    kind: 'tokens',
    tokens: [
      {
        name: 't',
        keys: ['*'],
        rights: ['manage'],
        sha256: createHash('sha256').update(token).digest('hex'),
      },
    ],
    jwt: { jwks: set, issuer: 'i', audience: 'a' },
  })
})

t.test('what is wrong with such a file is a problem like others', async (t) => {
  const directory = t.testdir({
    'r.yaml': 'A: [a]\nB: 5\n',
    'bad.yaml': 'A: [',
    short: 'secret-short\n',
    lines: 'long-secret-line\nx',
  })
  const at = (name: string) => JSON.stringify(join(directory, name))
  const tokens = ['short', 'lines', 'none'].map(
    (file, index) => `{ name: t${index}, file: ${at(file)}, keys: [k] }`,
  )
  const yaml = `requesters: ${at('r.yaml')}
history: { auth: { tokens: [${tokens}], jwt: { jwksFile: ${at('r.yaml')}, issuer: i, audience: a } } }
durability: x`
  const message = complaint(t, yaml)
  complains(t, message, [
    /requesters.*r\.yaml: A: .*a list of 1/,
    /requesters.*r\.yaml: B: .*found 5/,
    /tokens\[0\]\.file.*at least 16/,
    /tokens\[1\]\.file.*one line/,
    /tokens\[2\]\.file.*none/,
    /jwksFile.*JWK set/,
    /durability/,
  ])
  t.notMatch(message, /secret/)
})

t.test('no secret is told, wherever it was put', async (t) => {
  const secret = 'hunter2-hunter2-hunter2'
  const texts = [
    `history: { auth: ${secret} }`,
    `history: { auth: { tokens: ${secret} } }`,
    `history: { auth: { tokens: [{ name: a, sha256: ${secret}, keys: ["*"] }] } }`,
    `history: { auth: { tokens: [{ name: a, token: ${secret}, keys: ["*"] }] } }`,
    `upstream: { url: "http://user:${secret}@kms" }`,
    `history: { auth: { tokens: [{ sha256: "${secret} ]`,
    `logAnalytics: { sinks: [{ name: s, type: webhook, url: "${secret}" }] }`,
  ]
  for (const yaml of texts) t.notMatch(complaint(t, yaml), secret, yaml)
  t.notMatch(complaint(t, '', { KEYTRAIL_HISTORY_AUTH: `{ tokens: [${secret}` }), secret)
  t.notMatch(complaint(t, '', { KEYTRAIL_HISTORY_TOKEN: secret }), secret)
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
