import t from 'tap'
import { base64, runKms, signedHeaders } from './running-kms.ts'

const invalid = { status: 400, body: { code: 'INVALID_PARAMETER' } }

t.test('an array is encrypted item by item, in its order', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const plaintext = [base64('one'), base64('two'), base64('three')]
  const { ciphertext } = (await signed('POST', `${path}/encrypt`, { plaintext })).body.data
  const list = ciphertext as string[]
  const decrypted = list.map(
    async (item) => (await signed('POST', `${path}/decrypt`, { ciphertext: item })).body.data,
  )
  t.same(
    await Promise.all(decrypted),
    plaintext.map((item) => ({ plaintext: item })),
  )
})

t.test('what can not be encrypted is refused', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const good = base64('x')
  const longest = Buffer.alloc(32 * 1024).toString('base64')
  t.equal((await signed('POST', `${path}/encrypt`, { plaintext: longest })).status, 200)
  const bad = [
    {},
    { plaintext: '' },
    { plaintext: 'not base64!' },
    { plaintext: 'QR==' },
    { plaintext: 5 },
    { plaintext: null },
    { plaintext: [] },
    { plaintext: [good, 5] },
    { plaintext: [good, [good]] },
    { plaintext: Array(101).fill(good) },
    { plaintext: Buffer.alloc(32 * 1024 + 1).toString('base64') },
    { plaintext: good, context: Buffer.alloc(51).toString('base64') },
    { plaintext: good, context: 5 },
  ]
  for (const fields of bad) t.match(await signed('POST', `${path}/encrypt`, fields), invalid)
  for (const ciphertext of [undefined, '', 7, 'x'.repeat(65_537)]) {
    t.match(await signed('POST', `${path}/decrypt`, { ciphertext }), invalid)
    t.match(await signed('POST', `${path}/re-encrypt`, { ciphertext }), invalid)
  }
})

t.test('a custom key has the bits asked for, and is shown only if asked for', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const create = async (fields: object) =>
    (await signed('POST', `${path}/create-custom-key`, fields)).body.data
  t.same(Object.keys(await create({})), ['ciphertext'])
  for (const bits of [undefined, 128, 256, 512]) {
    const { ciphertext, plaintext } = await create({ bits, requestPlainKey: true })
    t.equal(Buffer.from(String(plaintext), 'base64').length, (bits ?? 256) / 8)
    t.same((await signed('POST', `${path}/decrypt`, { ciphertext })).body.data, { plaintext })
  }
  for (const fields of [{ bits: 64 }, { bits: '256' }, { requestPlainKey: 'yes' }]) {
    t.match(await signed('POST', `${path}/create-custom-key`, fields), invalid)
  }
})

t.test('data to sign is at most 8 KB', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey({ keyType: 'ECDSA' })
  const sign = async (length: number) =>
    (await signed('POST', `${path}/sign`, { data: Buffer.alloc(length).toString('base64') })).status
  t.equal(await sign(8192), 200)
  t.equal(await sign(8193), 400)
  for (const keyVersion of [0, 2, 101, '1']) {
    t.not((await signed('POST', `${path}/get-pub-key`, { keyVersion })).status, 200, `${keyVersion}`)
  }
})

t.test('API 1.0 shares the keys, spells two calls differently, and answers with msg', async (t) => {
  const { account, clock, createKey, raw, signed } = await runKms(t)
  const path = await createKey()
  const tag = path.split('/').at(-1)
  const { ciphertext } = (await signed('POST', `${path}/encrypt`, { plaintext: base64('x') })).body.data
  const call = (stage: 'v1' | 'v2', action: string, body: object) => {
    const line = { method: 'POST', target: `/keys/${stage}/${tag}/${action}` }
    const version = stage === 'v1' ? 1 : 2
    return raw({ ...line, body, headers: signedHeaders(account, { ...line, now: clock.now, version }) })
  }
  for (const stage of ['v1', 'v2'] as const) {
    const decrypted = await call(stage, 'decrypt', { ciphertext })
    t.same(decrypted.body, { code: 'SUCCESS', msg: '', data: { plaintext: base64('x') } })
    t.match(await call(stage, 'reencrypt', { ciphertext }), {
      status: 200,
      body: { data: { ciphertext: String } },
    })
    t.match(await call(stage, 'createCustomKey', {}), { status: 200, body: { data: { ciphertext: String } } })
    t.match(await call(stage, 'decrypt', { ciphertext: 'x' }), {
      status: 400,
      body: { msg: String, data: null },
    })
    for (const action of ['re-encrypt', 'create-custom-key', 'get-pub-key', 'rotate']) {
      t.match(await call(stage, action, {}), { status: 404, body: { error: { errorCode: '300' } } }, action)
    }
  }
})
