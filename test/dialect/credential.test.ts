import t from 'tap'
import { compileRequester, readCredential } from '../../src/dialect/credential.ts'
import type { RequesterDescription } from '../../src/dialect/description.ts'

function read(
  sources: readonly RequesterDescription[],
  rawHeaders: readonly string[],
  certificateSubject = '',
) {
  const head = { method: 'POST', target: '/', rawHeaders, certificateSubject }
  return readCredential(sources.map(compileRequester), head)
}

const anonymous = { id: '', kind: 'anonymous', credential: '' }
const sources: readonly RequesterDescription[] = [
  { header: 'X-Token', kind: 'token', jwtClaims: ['iss', 'sub'] },
  { header: 'x-access-key', kind: 'account' },
  { certificate: 'subject', kind: 'certificate' },
]
const jwt = `e30.${Buffer.from('{"sub":"account-7"}').toString('base64url')}.c2ln`

t.test('the first source that is present wins', async (t) => {
  t.same(read(sources, ['x-access-key', 'AK', 'x-token', jwt], 'CN=a'), {
    requester: { id: 'account-7', kind: 'token', credential: '' },
    token: jwt,
    ambiguous: false,
  })
  t.same(read(sources, ['X-Access-Key', 'AK'], 'CN=a'), {
    requester: { id: 'AK', kind: 'account', credential: 'AK' },
    token: '',
    ambiguous: false,
  })
  t.same(read(sources, [], 'CN=a').requester, { id: 'CN=a', kind: 'certificate', credential: 'CN=a' })
  t.same(read(sources, ['x-token', '']).requester, anonymous, 'an empty header is none')
  t.same(read([], ['x-token', jwt]), { requester: anonymous, token: '', ambiguous: false })
})

t.test('an opaque token has no requester of its own, and is never a credential to keep', async (t) => {
  t.same(read(sources, ['x-token', 'opaque']), {
    requester: { id: '', kind: 'token', credential: '' },
    token: 'opaque',
    ambiguous: false,
  })
})

t.test('header lines that disagree', async (t) => {
  t.equal(read(sources, ['x-access-key', 'A', 'X-Access-Key', 'B']).ambiguous, true)
  t.equal(read(sources, ['x-access-key', '', 'X-Access-Key', 'B']).ambiguous, true)
  t.equal(read(sources, ['x-access-key', 'A', 'X-Access-Key', 'A']).ambiguous, false)
  t.same(read(sources, ['x-token', 'A', 'x-token', 'B']), {
    requester: anonymous,
    token: '',
    ambiguous: true,
  })
})

t.test('a source that must be alone', async (t) => {
  const [token, ...others] = sources
  t.ok(token)
  const strict: readonly RequesterDescription[] = [
    { header: 'x-token', kind: 'token', alone: true },
    ...others,
  ]
  t.equal(read(strict, ['x-token', 'a', 'x-access-key', 'AK']).ambiguous, true)
  t.equal(read(strict, ['x-token', 'a', 'x-access-key', 'A', 'x-access-key', 'B']).ambiguous, true)
  t.equal(read(strict, ['x-token', 'a'], 'CN=sidecar').ambiguous, false, 'a certificate is no second claim')
  t.equal(read(strict, ['x-token', 'a', 'x-access-key', '']).ambiguous, false)
  t.equal(read(strict, ['x-access-key', 'AK']).ambiguous, false)
})

t.test('schemes', async (t) => {
  const bearer: readonly RequesterDescription[] = [
    { header: 'authorization', scheme: 'Bearer', kind: 'token' },
  ]
  t.equal(read(bearer, ['Authorization', 'bearer  abc']).token, 'abc')
  t.equal(read(bearer, ['Authorization', 'Bearer abc']).token, 'abc')
  for (const value of ['Basic abc', 'Bearerabc', 'Bearer', 'Bearer ']) {
    t.equal(read(bearer, ['Authorization', value]).token, '', value)
  }
})

t.test('SigV4', async (t) => {
  const sigv4: readonly RequesterDescription[] = [{ sigv4: 'Authorization', kind: 'account' }]
  const header =
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=5d67'
  t.same(read(sigv4, ['authorization', header]).requester, {
    id: 'AKIDEXAMPLE',
    kind: 'account',
    credential: 'AKIDEXAMPLE',
  })
  for (const value of [
    'AWS4-HMAC-SHA256 Signature=1',
    'AWS4-HMAC-SHA256 Credential=AKID',
    'Bearer Credential=a/b',
  ]) {
    t.same(read(sigv4, ['authorization', value]).requester, anonymous, value)
  }
})

t.test('what is kept is bounded and plain', async (t) => {
  t.equal(read(sources, ['x-access-key', 'a'.repeat(1000)]).requester.id.length, 256)
  const odd = `e30.${Buffer.from('{"iss":"a\\nb\\ud800"}').toString('base64url')}.c2ln`
  t.equal(read(sources, ['x-token', odd]).requester.id, 'a\ufffdb\ufffd')
})
