import t from 'tap'
import { base64, issueSet, runKms } from './running-kms.ts'

const hourMs = 3_600_000
const fields = { plaintext: base64('secret') }
const inactive = { status: 409, body: { code: 'TOKEN_GENERATOR_INACTIVE' } }

t.test('a generator is created once, counts its tokens, and can be discarded', async (t) => {
  const { clock, createKey, signed } = await runKms(t)
  const path = `${await createKey()}/token-generator`
  t.match(await signed('GET', path), inactive)
  t.match(await signed('PUT', path), inactive)
  t.match(await signed('DELETE', path), inactive)
  t.match(await signed('POST', path.replace('generator', 'set'), {}), inactive)
  const created = (await signed('POST', path)).body.data
  t.match(created, {
    tokenGeneratorId: String,
    status: 'ACTIVE',
    enabledDate: clock.now,
    issuedTokenCount: 0,
  })
  t.match(await signed('POST', path), { status: 409, body: { code: 'TOKEN_GENERATOR_ACTIVE' } })
  await signed('POST', path.replace('generator', 'set'), {})
  t.match((await signed('GET', path)).body.data, {
    status: 'ACTIVE',
    disabledDate: null,
    issuedTokenCount: 2,
  })
  clock.now += 5
  t.same((await signed('DELETE', path)).body, { code: 'SUCCESS', data: null })
  t.match((await signed('GET', path)).body.data, { status: 'INACTIVE', disabledDate: clock.now })
  const { tokenGeneratorId } = (await signed('POST', path)).body.data
  t.not(tokenGeneratorId, created.tokenGeneratorId)
})

for (const method of ['PUT', 'DELETE']) {
  t.test(`${method} of the generator kills every token it issued, for good`, async (t) => {
    const running = await runKms(t)
    const path = await running.createKey()
    const { access, refresh } = await issueSet(running, path)
    t.equal((await running.bearing(access, 'POST', `${path}/encrypt`, fields)).status, 200)
    t.same((await running.signed(method, `${path}/token-generator`)).body, { code: 'SUCCESS', data: null })
    if (method === 'DELETE') await running.signed('POST', `${path}/token-generator`)
    t.equal((await running.bearing(access, 'POST', `${path}/encrypt`, fields)).status, 401)
    t.equal((await running.bearing(refresh, 'POST', `${path}/access-token`, {})).status, 401)
    const fresh = await running.signed('POST', `${path}/token-set`, {})
    const token = String(fresh.body.data.accessToken)
    t.equal((await running.bearing(token, 'POST', `${path}/encrypt`, fields)).status, 200)
  })
}

t.test('a token lives as long as was asked for', async (t) => {
  const running = await runKms(t)
  const { clock, signed, bearing } = running
  const path = await running.createKey()
  await signed('POST', `${path}/token-generator`)
  const start = clock.now
  const lives = async (asked: object, lifetimeMs: number) => {
    clock.now = start
    const token = String((await signed('POST', `${path}/token-set`, asked)).body.data.accessToken)
    clock.now = start + lifetimeMs - 1000
    t.equal((await bearing(token, 'POST', `${path}/encrypt`, fields)).status, 200, JSON.stringify(asked))
    clock.now = start + lifetimeMs
    return (await bearing(token, 'POST', `${path}/encrypt`, fields)).status
  }
  t.equal(await lives({}, 72 * hourMs), 401)
  t.equal(await lives({ accessTokenHours: 1 }, hourMs), 401)
  t.equal(await lives({ accessTokenHours: 17_520 }, 17_520 * hourMs), 401)
  t.equal(await lives({ accessTokenHours: 'UL' }, 100_000 * hourMs), 200)
  for (const accessTokenHours of [0, 17_521, 1.5, '72', 'ul', null]) {
    const answer = await signed('POST', `${path}/token-set`, { accessTokenHours })
    const expected =
      accessTokenHours === null ? { status: 200 } : { status: 400, body: { code: 'INVALID_PARAMETER' } }
    t.match(answer, expected, `${accessTokenHours}`)
  }
})

t.test('a renewed set does not end the old one, and stays with its issuer', async (t) => {
  const running = await runKms(t)
  const path = await running.createKey()
  const { access, refresh } = await issueSet(running, path)
  const renewed = (await running.bearing(refresh, 'PUT', `${path}/token-set`, {})).body.data
  for (const token of [access, String(renewed.accessToken)]) {
    t.equal((await running.bearing(token, 'POST', `${path}/encrypt`, fields)).status, 200)
    const [, payload = ''] = token.split('.')
    t.match(JSON.parse(Buffer.from(payload, 'base64url').toString()), {
      iss: running.account.accountId,
      sub: path.split('/').at(-1),
    })
  }
})

t.test('a disabled key issues no tokens, and its tokens use nothing', async (t) => {
  const running = await runKms(t)
  const path = await running.createKey()
  const { access, refresh } = await issueSet(running, path)
  await running.signed('POST', `${path}/disable`)
  const wrongState = { status: 409, body: { code: 'INVALID_KEY_STATE' } }
  t.match(await running.signed('POST', `${path}/token-set`, {}), wrongState)
  t.match(await running.bearing(refresh, 'POST', `${path}/access-token`, {}), wrongState)
  t.match(await running.bearing(access, 'POST', `${path}/encrypt`, fields), wrongState)
})

t.test('a token can be issued directly, also one that has expired', async (t) => {
  const { createKey, signed, bearing, kms } = await runKms(t)
  const path = await createKey()
  await signed('POST', `${path}/token-generator`)
  const issue = (lifetimeMs: number) =>
    kms.issueToken(path.split('/').at(-1) ?? '', { accountId: 'someone', use: 'access', lifetimeMs })
  t.equal((await bearing(await issue(hourMs), 'POST', `${path}/encrypt`, fields)).status, 200)
  t.equal((await bearing(await issue(-hourMs), 'POST', `${path}/encrypt`, fields)).status, 401)
  const order = { accountId: 'someone', use: 'access', lifetimeMs: null } as const
  await t.rejects(kms.issueToken('no such key', order), { code: 'KEY_UNKNOWN' })
})
