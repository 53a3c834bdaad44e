import t from 'tap'
import { base64, runKms } from './running-kms.ts'

const hourMs = 3_600_000
const fields = { plaintext: base64('secret') }
const wrongState = { status: 409, body: { code: 'INVALID_KEY_STATE', data: null } }
const unknown = { status: 404, body: { code: 'KEY_NOT_FOUND', data: null } }

t.test('a key is created as asked for, and described', async (t) => {
  const { signed, clock } = await runKms(t)
  const asked = {
    keyName: 'orders',
    keyType: 'AES256',
    memo: 'for orders',
    isAutoRotation: true,
    rotationPeriod: 30,
  }
  const created = await signed('POST', '/kms/v1/keys', asked)
  const expected = {
    ...asked,
    keyId: String,
    keyTag: /^[0-9a-f]{52}$/,
    status: 'ENABLE',
    currentVersion: 1,
    protectionType: 'BASIC',
    isConvergent: false,
    registerDate: clock.now,
    nextRotationDate: clock.now + 30 * 24 * hourMs,
  }
  t.match(created, { status: 200, body: { code: 'SUCCESS', data: expected } })
  t.notOk('msg' in created.body, 'API 2.0 has no msg')
  const info = await signed('GET', `/kms/v1/keys/${created.body.data.keyTag}`)
  t.same(info.body, created.body)
})

t.test('a key that can not be is refused', async (t) => {
  const { signed } = await runKms(t)
  const good = { keyName: 'orders', keyType: 'AES256' }
  const bad = [
    {},
    { ...good, keyName: 'ab' },
    { ...good, keyName: 'a'.repeat(16) },
    { ...good, keyName: 7 },
    { ...good, keyType: 'DES' },
    { ...good, keyType: 'RSA2048', isConvergent: true },
    { ...good, isConvergent: 'yes' },
    { ...good, rotationPeriod: 0 },
    { ...good, rotationPeriod: 731 },
    { ...good, rotationPeriod: 1.5 },
    { ...good, memo: 'm'.repeat(101) },
    { ...good, protectionType: 'NONE' },
  ]
  for (const asked of bad) {
    const answer = await signed('POST', '/kms/v1/keys', asked)
    t.match(answer, { status: 400, body: { code: 'INVALID_PARAMETER', msg: String } }, JSON.stringify(asked))
  }
  t.equal((await signed('GET', '/kms/v1/keys')).body.data.totalCount, 0)
})

t.test('keys are listed page by page', async (t) => {
  const { createKey, signed } = await runKms(t)
  for (const keyName of ['one', 'two', 'three']) await createKey({ keyName })
  const list = async (query: string) => (await signed('GET', `/kms/v1/keys${query}`)).body
  t.match(await list(''), {
    data: { KeyList: { length: 3 }, currentPageNo: 1, totalPageNo: 1, totalCount: 3 },
  })
  t.match(await list('?pageNo=2&pageSize=2'), { data: { KeyList: [{ keyName: 'three' }], totalPageNo: 2 } })
  t.match(await list('?pageNo=9'), { data: { KeyList: { length: 0 } } })
  for (const query of [
    '?pageNo=0',
    '?pageSize=0',
    '?pageSize=201',
    '?pageNo=x',
    '?pageNo=',
    '?pageNo=1e1',
    '?pageNo=-1',
  ]) {
    t.match(await list(query), { code: 'INVALID_PARAMETER' }, query)
  }
})

t.test('a disabled key is good for nothing until it is enabled', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  t.match(await signed('POST', `${path}/disable`), {
    body: { data: { status: 'DISABLE', statusDate: Number } },
  })
  const { ciphertext } = { ciphertext: 'ncpkms:v1:AAAA' }
  for (const action of [
    'encrypt',
    'decrypt',
    're-encrypt',
    'create-custom-key',
    'sign',
    'verify',
    'get-pub-key',
  ]) {
    const answer = await signed('POST', `${path}/${action}`, {
      ...fields,
      ciphertext,
      data: 'AAAA',
      signature: 'x',
    })
    t.match(answer, wrongState, action)
  }
  t.match(await signed('POST', `${path}/enable`), { body: { data: { status: 'ENABLE' } } })
  t.equal((await signed('POST', `${path}/encrypt`, fields)).status, 200)
})

t.test('deletion: requested, cancelled, requested again, carried out', async (t) => {
  const { clock, createKey, signed } = await runKms(t)
  const path = await createKey()
  t.match(await signed('DELETE', path), wrongState, 'not without a request')
  t.match(await signed('POST', `${path}/cancel-deletion`), wrongState)
  const requested = await signed('POST', `${path}/request-deletion`)
  t.match(requested.body.data, { keyTag: path.split('/').at(-1), status: 'REVOKE', statusDate: clock.now })
  for (const action of [
    'enable',
    'disable',
    'rotate',
    'request-deletion',
    'encrypt',
    'token-generator',
    'acl/enable',
  ]) {
    t.match(await signed('POST', `${path}/${action}`, fields), wrongState, action)
  }
  t.match(await signed('POST', `${path}/cancel-deletion`), { body: { data: { status: 'DISABLE' } } })
  clock.now += 100 * hourMs
  t.equal((await signed('GET', path)).status, 200, 'a cancelled deletion does not happen')
  await signed('POST', `${path}/request-deletion`)
  t.match(await signed('DELETE', path), { status: 200, body: { code: 'SUCCESS', data: null } })
  t.match(await signed('GET', path), unknown)
  t.match(await signed('POST', `${path}/encrypt`, fields), unknown)
})

t.test('a requested deletion happens after 72 hours', async (t) => {
  const { clock, createKey, signed } = await runKms(t)
  const path = await createKey()
  await signed('POST', `${path}/request-deletion`)
  clock.now += 72 * hourMs - 1
  t.match(await signed('GET', path), { body: { data: { status: 'REVOKE' } } })
  clock.now += 1
  t.equal((await signed('GET', '/kms/v1/keys')).body.data.totalCount, 0)
  t.match(await signed('POST', `${path}/cancel-deletion`), unknown)
})

t.test('name and memo can be changed', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  t.match(await signed('PUT', `${path}/name`, { keyName: 'renamed' }), {
    body: { data: { keyName: 'renamed' } },
  })
  t.match(await signed('PUT', `${path}/memo`, { memo: 'noted' }), { body: { data: { memo: 'noted' } } })
  t.match(await signed('GET', path), { body: { data: { keyName: 'renamed', memo: 'noted' } } })
  t.match(await signed('PUT', `${path}/memo`, { memo: '' }), { body: { data: { memo: '' } } })
  for (const keyName of ['', 'ab', null, 5])
    t.equal((await signed('PUT', `${path}/name`, { keyName })).status, 400)
})

t.test('the history is not kept here', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  await signed('POST', `${path}/encrypt`, fields)
  const activities = await signed('GET', `${path}/activities?pageSize=50&pageNo=2`)
  t.same(activities.body.data, {
    activityLogList: [],
    pageSize: 50,
    currentPageNo: 2,
    totalPageNo: 0,
    totalCount: 0,
  })
  t.same((await signed('GET', `${path}/last-use-info`)).body, { code: 'SUCCESS', data: null })
  t.equal((await signed('GET', `${path}/activities?pageSize=201`)).status, 400)
})
