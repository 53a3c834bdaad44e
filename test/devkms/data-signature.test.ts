import { createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { base64, runKms } from './running-kms.ts'

for (const keyType of ['RSA2048', 'ECDSA']) {
  t.test(`${keyType}: signs, verifies, and exports what others can verify with`, async (t) => {
    const { createKey, signed } = await runKms(t)
    const path = await createKey({ keyType })
    const data = base64('a receipt')
    const { signature } = (await signed('POST', `${path}/sign`, { data })).body.data
    t.same((await signed('POST', `${path}/verify`, { data, signature })).body.data, { isValid: true })
    const other = await signed('POST', `${path}/verify`, { data: base64('another'), signature })
    t.same(other.body.data, { isValid: false })
    t.same((await signed('POST', `${path}/verify`, { data, signature: 'nonsense' })).body.data, {
      isValid: false,
    })

    const exported = await signed('POST', `${path}/get-pub-key`)
    t.equal(exported.body.data.keyVersion, 1)
    const key = createPublicKey(String(exported.body.data.publicKey))
    const bytes = Buffer.from(String(signature).slice('ncpkms:v1:'.length), 'base64')
    t.ok(
      verify('sha256', Buffer.from(data, 'base64'), keyType === 'ECDSA' ? key : { key, padding: 6 }, bytes),
    )
  })
}

t.test('a signature is verified with the version that made it', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey({ keyType: 'ECDSA' })
  const data = base64('a receipt')
  const { signature } = (await signed('POST', `${path}/sign`, { data })).body.data
  await signed('POST', `${path}/rotate`)
  t.match((await signed('POST', `${path}/sign`, { data })).body.data, { signature: /^ncpkms:v2:/ })
  t.same((await signed('POST', `${path}/verify`, { data, signature })).body.data, { isValid: true })
  const claimed = String(signature).replace('ncpkms:v1:', 'ncpkms:v2:')
  t.same((await signed('POST', `${path}/verify`, { data, signature: claimed })).body.data, { isValid: false })
  const [old, now] = [1, undefined].map((keyVersion) => signed('POST', `${path}/get-pub-key`, { keyVersion }))
  t.not((await old)?.body.data.publicKey, (await now)?.body.data.publicKey)
})

t.test('an AES key neither signs nor verifies, nor has a public part', async (t) => {
  const { createKey, signed } = await runKms(t)
  const path = await createKey()
  const fields = { data: base64('x'), signature: 'ncpkms:v1:AAAA' }
  for (const action of ['sign', 'verify', 'get-pub-key']) {
    const answer = await signed('POST', `${path}/${action}`, fields)
    t.match(answer, { status: 400, body: { code: 'UNSUPPORTED_KEY_TYPE' } }, action)
  }
})
