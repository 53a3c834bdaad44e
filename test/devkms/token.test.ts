import { createHmac } from 'node:crypto'
import t from 'tap'
import { signToken, type TokenClaims, verifyToken } from '../../src/devkms/token.ts'

const secret = Buffer.alloc(32, 1)
const now = Date.UTC(2026, 0, 1)
const claims: TokenClaims = {
  accountId: 'me',
  keyTag: 'tag',
  use: 'access',
  issuedAt: now,
  expiresAt: now + 60_000,
}
const demand = { keyTag: 'tag', use: 'access', now } as const

t.test('a good token names the account it was issued to', async (t) => {
  t.equal(await verifyToken(secret, await signToken(secret, claims), demand), 'me')
})

t.test('its payload says issuer, key and end', async (t) => {
  const [, payload = ''] = (await signToken(secret, claims)).split('.')
  const said = JSON.parse(Buffer.from(payload, 'base64url').toString())
  t.match(said, { iss: 'me', sub: 'tag', use: 'access', iat: now / 1000, exp: now / 1000 + 60, jti: String })
})

t.test('a token ends when it says, or never', async (t) => {
  const token = await signToken(secret, claims)
  t.equal(await verifyToken(secret, token, { ...demand, now: now + 59_000 }), 'me')
  t.equal(await verifyToken(secret, token, { ...demand, now: now + 60_000 }), null)
  const endless = await signToken(secret, { ...claims, expiresAt: null })
  t.equal(await verifyToken(secret, endless, { ...demand, now: now * 2 }), 'me')
})

t.test('a token is good for its own key, purpose and generator only', async (t) => {
  const token = await signToken(secret, claims)
  t.equal(await verifyToken(secret, token, { ...demand, keyTag: 'other' }), null)
  t.equal(await verifyToken(secret, token, { ...demand, use: 'refresh' }), null)
  t.equal(await verifyToken(Buffer.alloc(32, 2), token, demand), null)
})

t.test('a token that was tampered with is refused', async (t) => {
  const [header = '', payload = '', signature = ''] = (await signToken(secret, claims)).split('.')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const richer = encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), iss: 'someone else' })
  const none = encode({ alg: 'none' })
  const unissued = `${header}.${encode({ sub: 'tag', use: 'access' })}`
  const forged = [
    `${header}.${richer}.${signature}`,
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${unissued}.${createHmac('sha256', secret).update(unissued).digest('base64url')}`,
    '',
    '..',
    'not a token',
  ]
  for (const token of forged) t.equal(await verifyToken(secret, token, demand), null, token)
})
