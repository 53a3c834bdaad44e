import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { complains, complaint } from './complaint.ts'

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
    certificates: [],
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
