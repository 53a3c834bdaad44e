import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { complains, complaint, directory, load } from './complaint.ts'

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
      [/listeners\[0\]\.tls .*cannot read c/, /listeners\[0\]\.tls\.ca.*missing/],
    ],
    [
      'history: { tls: { cert: /no/such, key: k, ca: a } }',
      [/history\.tls .*cannot read/, /history\.tls\.ca.*not be used/],
    ],
    [
      'upstream: { tls: { cert: c } }',
      [/upstream\.tls\.key.*missing/, /upstream\.tls.*not https/, /upstream\.tls .*cannot read c/],
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
