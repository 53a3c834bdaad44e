import t from 'tap'
import { base64, issueSet, runKms, signedHeaders } from './running-kms.ts'

const refused = { status: 401, body: { error: { errorCode: '200', message: 'Authentication Failed' } } }
const fields = { plaintext: base64('secret') }

t.test('a signature covers method, target, timestamp and access key', async (t) => {
  const { account, clock, createKey, kms, raw } = await runKms(t)
  const path = await createKey()
  const target = `${path}/encrypt?a=%7e&b=&c`
  const good = signedHeaders(account, { method: 'POST', target, now: clock.now })
  const call = { method: 'POST', target, headers: good, body: fields }
  t.match(await raw(call), { status: 200, body: { code: 'SUCCESS' } }, 'as it was signed')

  const forged = {
    'query added to': { ...call, target: `${target}&d=1` },
    'query re-encoded': { ...call, target: target.replace('%7e', '~') },
    'query normalized': { ...call, target: target.replace('&c', '&c=') },
    'path re-encoded': { ...call, target: target.replace('encrypt', '%65ncrypt') },
    'another action': { ...call, target: target.replace('encrypt', 'decrypt') },
    'another method': { ...call, method: 'PUT', target: path },
    'another account': {
      ...call,
      headers: { ...good, 'x-ncp-iam-access-key': kms.accounts[1]?.accessKey ?? '' },
    },
    'an unknown account': { ...call, headers: { ...good, 'x-ncp-iam-access-key': 'nobody' } },
    'another timestamp': { ...call, headers: { ...good, 'x-ncp-apigw-timestamp': String(clock.now + 1) } },
    'no signature': { ...call, headers: { ...good, 'x-ncp-apigw-signature-v2': '' } },
    'a signature cut short': {
      ...call,
      headers: { ...good, 'x-ncp-apigw-signature-v2': good['x-ncp-apigw-signature-v2']?.slice(0, -1) ?? '' },
    },
    'two access keys': {
      ...call,
      headers: { ...good, 'x-ncp-iam-access-key': [account.accessKey, 'other'] },
    },
    'a token beside it': { ...call, headers: { ...good, 'x-ncp-ocapi-token': 'a.b.c' } },
    nothing: { ...call, headers: {} },
  }
  for (const [name, attempt] of Object.entries(forged)) {
    const expected = name === 'another method' ? { status: 404 } : refused
    t.match(await raw(attempt), expected, name)
  }
})

t.test('a timestamp is good for 5 minutes, either way', async (t) => {
  const { account, clock, raw } = await runKms(t)
  const attempt = (now: number) => {
    const line = { method: 'GET', target: '/kms/v1/keys' }
    return raw({ ...line, headers: signedHeaders(account, { ...line, now }) })
  }
  for (const off of [-300_000, 0, 300_000]) t.equal((await attempt(clock.now + off)).status, 200, `${off}`)
  for (const off of [-300_001, 300_001]) t.match(await attempt(clock.now + off), refused, `${off}`)
  for (const now of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
    t.match(await attempt(now), refused, `${now}`)
})

t.test("API 1.0's stages take their own signature version", async (t) => {
  const { account, clock, createKey, raw } = await runKms(t)
  const tag = (await createKey()).split('/').at(-1)
  const attempt = (stage: string, version: 1 | 2, apiKey = '') => {
    const line = { method: 'POST', target: `/keys/${stage}/${tag}/encrypt` }
    return raw({
      ...line,
      body: fields,
      headers: signedHeaders(account, { ...line, now: clock.now, version, apiKey }),
    })
  }
  const success = { status: 200, body: { code: 'SUCCESS', msg: '' } }
  t.match(await attempt('v1', 1), success)
  t.match(await attempt('v1', 1, 'gateway-key'), success)
  t.match(await attempt('v2', 2), success)
  t.match(await attempt('v1', 2), refused)
  t.match(await attempt('v2', 1), refused)
})

t.test('tokens: access for use, refresh for more tokens, neither for management', async (t) => {
  const running = await runKms(t)
  const path = await running.createKey()
  const { access, refresh } = await issueSet(running, path)
  const { bearing } = running
  t.equal((await bearing(access, 'POST', `${path}/encrypt`, fields)).status, 200)
  t.match(await bearing(refresh, 'POST', `${path}/encrypt`, fields), refused)
  t.equal((await bearing(refresh, 'POST', `${path}/access-token`, {})).status, 200)
  t.match(await bearing(access, 'POST', `${path}/access-token`, {}), refused)
  t.match(await bearing(access, 'PUT', `${path}/token-set`, {}), refused)
  t.match(await running.signed('POST', `${path}/access-token`, {}), refused)
  for (const [method, target] of [
    ['GET', path],
    ['POST', `${path}/disable`],
    ['POST', `${path}/token-set`],
  ] as const) {
    t.match(await bearing(access, method, target), refused, target)
  }
})

t.test('a token is refused beside a signature, at another key, and at none', async (t) => {
  const running = await runKms(t)
  const path = await running.createKey()
  const other = await running.createKey()
  const { access } = await issueSet(running, path)
  await issueSet(running, other)
  t.match(await running.bearing(access, 'POST', `${other}/encrypt`, fields), refused)
  t.match(await running.bearing(access, 'POST', '/kms/v1/keys/nokey/encrypt', fields), refused)
  t.match(await running.bearing(access, 'GET', '/kms/v1/keys'), refused)
  const line = { method: 'POST', target: `${path}/encrypt` }
  const headers = {
    ...signedHeaders(running.account, { ...line, now: running.clock.now }),
    'x-ncp-ocapi-token': access,
  }
  t.match(await running.raw({ ...line, headers, body: fields }), refused)
})

t.test('the address list judges the socket, and a header only where it is told to', async (t) => {
  for (const trustForwardedFor of [false, true]) {
    const running = await runKms(t, { trustForwardedFor })
    const path = await running.createKey()
    const { access } = await issueSet(running, path)
    const from = async (forwarded: string) => {
      const headers = {
        'x-ncp-ocapi-token': access,
        ...(forwarded === '' ? {} : { 'x-forwarded-for': forwarded }),
      }
      return (await running.raw({ method: 'POST', target: `${path}/encrypt`, headers, body: fields })).status
    }
    await running.signed('POST', `${path}/acl/enable`)
    t.equal(await from(''), 403, 'an empty list denies all')
    await running.signed('POST', `${path}/acl`, { ipList: ['192.0.2.1'] })
    t.equal(await from(''), 403)
    t.equal(await from('203.0.113.9, 192.0.2.1'), trustForwardedFor ? 200 : 403)
    t.equal(await from('192.0.2.1, 203.0.113.9'), 403, 'only the last entry was written by the proxy')
    await running.signed('POST', `${path}/acl`, { ipList: ['127.0.0.1'] })
    t.equal(await from(''), 200)
    await running.signed('DELETE', `${path}/acl`, { ipList: ['127.0.0.1'] })
    t.equal(await from(''), 403)
    t.equal(
      (await running.signed('POST', `${path}/encrypt`, fields)).status,
      200,
      'signatures are not judged by it',
    )
    await running.signed('POST', `${path}/acl/disable`)
    t.equal(await from(''), 200)
  }
})
