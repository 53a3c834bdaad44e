import { join } from 'node:path'
import t from 'tap'
import type { Operation } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'

const dialect = loadDialect(join(import.meta.dirname, '../fixture/dialect/every-option.yaml'), '')
const naver = loadDialect('naver-kms', join(import.meta.dirname, '../../config/dialects'))

function readBody(target: string, body: unknown, reader = dialect): Operation {
  const operation = reader.read({ method: 'POST', target, rawHeaders: [], certificateSubject: '' })
  const bytes = body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  reader.readBody(operation, bytes)
  return operation
}

t.test('a key in the body', async (t) => {
  t.match(readBody('/by-body', { KeyId: 'k-1' }), { key: 'k-1', refusal: null })
  for (const body of [{}, { KeyId: null }, '']) {
    t.match(readBody('/by-body', body), { key: '', refusal: null }, JSON.stringify(body))
  }
  for (const body of [[], 'no JSON', { KeyId: 7 }, { keyid: 'k-1' }]) {
    const refusal = { status: 400, reason: 'ambiguous-key' }
    t.match(readBody('/by-body', body), { key: '', refusal }, JSON.stringify(body))
  }
})

t.test('a key in the body that names no ring is refused', async (t) => {
  t.match(readBody('/by-body', { KeyId: 'k'.repeat(41) }), {
    key: '',
    refusal: { status: 400, reason: 'key-too-long' },
  })
  for (const KeyId of ['a\0', 'a\nb', '\ud800']) {
    t.match(readBody('/by-body', { KeyId }), { key: '', refusal: { status: 400, reason: 'ambiguous-key' } })
  }
})

t.test('a body over the bound can hide a key, but nothing else that matters', async (t) => {
  t.match(readBody('/by-body', null).refusal, { status: 413, reason: 'body-too-long' })
  t.equal(readBody('/kms/v1/keys/k/encrypt', null, naver).refusal, null)
})

t.test('the days until destruction', async (t) => {
  const delay = (body: unknown) => readBody('/schedule', body).bodyFields?.destroyAfterMs
  t.equal(delay({ KeyId: 'k', PendingWindowInDays: 7 }), 7 * 86_400_000)
  t.equal(delay({ KeyId: 'k', PendingWindowInDays: '7' }), 7 * 86_400_000)
  for (const PendingWindowInDays of [undefined, null, 0, -1, 'x', [], {}, 36_526, 1e308]) {
    t.equal(delay({ KeyId: 'k', PendingWindowInDays }), 30 * 86_400_000)
  }
})

t.test('the size of a batch', async (t) => {
  const items = (body: unknown) => readBody('/kms/v1/keys/k/encrypt', body, naver).bodyFields?.items
  t.equal(items({ plaintext: ['YQ==', 'Yg==', 'Yw=='] }), 3)
  t.equal(items({ plaintext: 'YQ==' }), 0)
  t.equal(items({ plaintext: [] }), 0)
  t.equal(items({ plaintext: '[' }), 0)
  t.equal(items({ other: [1] }), 0)
  t.equal(items('[not JSON'), 0)
  t.equal(items(''), 0)
})

t.test('the key version of a ciphertext', async (t) => {
  const version = (body: unknown) => readBody('/kms/v1/keys/k/decrypt', body, naver).keyVersion
  t.equal(version({ ciphertext: 'ncpkms:v12:AAAA' }), '12')
  t.equal(version({ ciphertext: ['ncpkms:v3:AAAA'] }), '3')
  t.equal(version({ ciphertext: 'AAAA' }), '')
  t.equal(version({ ciphertext: `ncpkms:v${'1'.repeat(65)}:A` }), '')
  t.equal(readBody('/kms/v1/keys/k/get-pub-key', { keyVersion: 5 }, naver).keyVersion, '5')
})

t.test('the lifetimes of tokens, each from its own field', async (t) => {
  const lifetimes = (body: unknown) =>
    readBody('/kms/v1/keys/k/token-set', body, naver).bodyFields?.lifetimesMs
  const hour = 3_600_000
  t.same(lifetimes({ accessTokenHours: 1, refreshTokenHours: 2 }), [hour, 2 * hour])
  t.same(lifetimes({ accessTokenHours: '3' }), [3 * hour, 2160 * hour])
  t.same(lifetimes({ refreshTokenHours: 'UL' }), [72 * hour, Number.POSITIVE_INFINITY])
  for (const body of [{}, '', { accessTokenHours: 0, refreshTokenHours: -5 }, { accessTokenHours: 'ul' }]) {
    t.same(lifetimes(body), [72 * hour, 2160 * hour], JSON.stringify(body))
  }
  t.same(lifetimes(null), [72 * hour, 2160 * hour])
})

t.test('a request of no route has nothing to read', async (t) => {
  t.equal(readBody('/nothing', { KeyId: 'k' }).bodyFields, null)
})
