import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'
import t from 'tap'
import { createJwtVerifier, type JwtTrust } from '../../src/history/jwt.ts'
import { NOW, record, ringOf, startHistory } from './history-fixture.ts'

const seconds = Math.floor(NOW / 1000)
const pair = await generateKeyPair('ES256', { extractable: true })
const stranger = await generateKeyPair('ES256', { extractable: true })
const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }] }
const trust: JwtTrust = { jwks, issuer: 'https://issuer.example', audience: 'keytrail' }

interface TokenChanges {
  readonly claims?: Record<string, unknown>
  readonly key?: typeof pair.privateKey
  readonly alg?: string
}

function sign({ claims = {}, key = pair.privateKey, alg = 'ES256' }: TokenChanges = {}): Promise<string> {
  const payload = {
    ...{ iss: trust.issuer, aud: trust.audience, sub: 'alice', exp: seconds + 60 },
    ...{ keytrail_rights: ['read'], keytrail_keys: ['billing-*'] },
    ...claims,
  }
  return new SignJWT(payload).setProtectedHeader({ alg, kid: 'k1' }).sign(key)
}

t.test('a valid token grants what it claims', async (t) => {
  const verify = createJwtVerifier(trust, () => NOW)
  const access = await verify(await sign())
  t.match(access, { name: 'alice', rights: ['read'], reachesAll: false })
  t.ok(access?.reaches('billing-1'))
  t.notOk(access?.reaches('payroll'))
  const spaced = await verify(
    await sign({ claims: { keytrail_rights: 'manage read', keytrail_keys: 'a b*' } }),
  )
  t.same(spaced?.rights, ['manage', 'read'])
  t.ok(spaced?.reaches('bc'))
})

t.test('claims of another shape grant nothing', async (t) => {
  const verify = createJwtVerifier(trust, () => NOW)
  for (const claim of [undefined, null, 7, {}, [7, null], ['root'], 'admin']) {
    const access = await verify(await sign({ claims: { keytrail_rights: claim, keytrail_keys: [7, {}] } }))
    t.same(access?.rights, [], JSON.stringify(claim))
    t.notOk(access?.reaches('7'))
  }
  const many = { keytrail_keys: [...Array.from({ length: 64 }, (_, i) => `key-${i}`), '*'] }
  t.equal((await verify(await sign({ claims: many })))?.reachesAll, false, 'globs beyond the limit')
  t.equal((await verify(await sign({ claims: { sub: 7 } })))?.name, 'jwt')
})

t.test('what is not accepted', async (t) => {
  const verify = createJwtVerifier(trust, () => NOW)
  const good = await sign()
  const [header = '', payload = '', signature = ''] = good.split('.')
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
  const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]))
  const confused = await new SignJWT({ iss: trust.issuer, aud: trust.audience, exp: seconds + 60 })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .sign(secret)
  for (const [name, token] of Object.entries({
    'another key': await sign({ key: stranger.privateKey }),
    'another issuer': await sign({ claims: { iss: 'https://evil.example' } }),
    'another audience': await sign({ claims: { aud: 'billing' } }),
    expired: await sign({ claims: { exp: seconds - 31 } }),
    'without end': await sign({ claims: { exp: undefined } }),
    'not yet valid': await sign({ claims: { nbf: seconds + 60 } }),
    'alg none': none,
    'public key as secret': confused,
    'altered payload': `${header}.${payload.slice(0, -2)}AA.${signature}`,
    'no JWT': 'abc',
    'empty parts': '..',
    'broken header': `e30.${payload}.${signature}`,
  })) {
    t.equal(await verify(token), null, name)
  }
  t.ok(await verify(await sign({ claims: { exp: seconds - 29 } })), 'within the tolerance')
})

t.test('beside static tokens, through the API', async (t) => {
  const { reader, get } = await startHistory(t, { auth: { kind: 'tokens', tokens: [], jwt: trust } })
  reader.append(ringOf('billing-1'), record())
  const headers = { authorization: `Bearer ${await sign()}` }
  t.equal((await get('/v1/keys/billing-1', { headers })).status, 200)
  t.equal((await get('/v1/unattributed/history', { headers })).status, 403)
  const foreign = { authorization: `Bearer ${await sign({ key: stranger.privateKey })}` }
  t.equal((await get('/v1/keys/billing-1', { headers: foreign })).status, 401)
})

t.test('a key set by URL: fetched once, and its absence is not the token’s fault', async (t) => {
  let requests = 0
  let broken = false
  const server = createServer((_request, response) => {
    requests++
    response.writeHead(broken ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}/jwks`
  const verify = createJwtVerifier({ ...trust, jwks: url }, () => NOW)
  t.ok(await verify(await sign()))
  t.ok(await verify(await sign()))
  t.equal(requests, 1)
  broken = true
  const auth = { kind: 'tokens', tokens: [], jwt: { ...trust, jwks: url } } as const
  const { get } = await startHistory(t, { auth })
  const answer = await get('/v1/keys', { headers: { authorization: `Bearer ${await sign()}` } })
  t.equal(answer.status, 503)
  t.match(answer.json, { code: 'JWKS_UNAVAILABLE' })
  const closed = createJwtVerifier({ ...trust, jwks: 'http://127.0.0.1:1/jwks' }, () => NOW)
  await t.rejects(closed(await sign()), { code: 'JWKS_UNAVAILABLE' })
})

t.test('a key set is fetched over TLS, or from this machine', async (t) => {
  for (const jwks of ['http://issuer.example/jwks', 'file:///etc/jwks', 'jwks.json', '']) {
    t.throws(() => createJwtVerifier({ ...trust, jwks }, () => NOW), { code: 'CONFIG_INVALID' }, jwks)
  }
  t.doesNotThrow(() => createJwtVerifier({ ...trust, jwks: 'https://issuer.example/jwks' }, () => NOW))
})
