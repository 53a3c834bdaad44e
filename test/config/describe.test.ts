import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeConfig } from '../../src/config/describe.ts'
import { loadConfig } from '../../src/config/load.ts'

const directory = t.testdir({})

function load(yaml: string) {
  const file = join(directory, 'k.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, env: {} })
}

t.test('what is described can be loaded again', async (t) => {
  const config = load(`
listeners: [{ name: a, bind: "[::1]:0", channel: console }]
upstream: { url: https://kms.example, timeouts: { connect: 1500ms } }
trustedProxies: [10.0.0.1]
channelRules: [{ channel: api, from: [10.0.0.0/8], header: { name: X-A, equals: "1" } }]
requesters: { AKID: account }
acl: [{ keys: "*", deny: ["2001:db8::/32"] }]
limits: { body: 100KiB }
`)
  t.strictSame(load(describeConfig(config)), config)
  const defaults = loadConfig({ file: null, env: {} })
  t.strictSame(load(describeConfig(defaults)), defaults)
})

t.test('secrets are masked, the rest is told', async (t) => {
  const sha256 = 'ab'.repeat(32)
  const text = describeConfig(
    load(`
history:
  auth:
    tokens: [{ name: auditor, sha256: ${sha256}, keys: ["billing-*"] }]
    jwt: { jwksUrl: https://i.example/jwks, issuer: https://i.example, audience: me }`),
  )
  t.notMatch(text, sha256)
  for (const word of ['auditor', 'billing-*', 'https://i.example/jwks', '***', 'audience: me'])
    t.match(text, word)
})

t.test('of a file that was read, the content is told, not the secret', async (t) => {
  const token = 'a-token-of-some-length'
  writeFileSync(join(directory, 'token'), token)
  writeFileSync(join(directory, 'jwks'), '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')
  writeFileSync(join(directory, 'requesters'), 'AKID: account')
  const text = describeConfig(
    load(`
requesters: ${JSON.stringify(join(directory, 'requesters'))}
history:
  auth:
    tokens: [{ name: auditor, file: ${JSON.stringify(join(directory, 'token'))}, keys: ["*"] }]
    jwt: { jwksFile: ${JSON.stringify(join(directory, 'jwks'))}, issuer: i, audience: me }`),
  )
  t.match(text, /AKID: account/)
  t.match(text, /1 keys/)
  t.notMatch(text, token)
  t.notMatch(text, 'c2VjcmV0')
})
