import { join } from 'node:path'
import t from 'tap'
import type { Operation } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'

const dialect = loadDialect(join(import.meta.dirname, '../fixture/dialect/every-option.yaml'), '')
const naver = loadDialect('naver-kms', join(import.meta.dirname, '../../config/dialects'))

function read(
  method: string,
  target: string,
  rawHeaders: readonly string[] = [],
  reader = dialect,
): Operation {
  return reader.read({ method, target, rawHeaders, certificateSubject: '' })
}

t.test('keys in header and query', async (t) => {
  t.equal(read('POST', '/by-header', ['X-KEY', 'key/k-1']).key, 'k-1')
  t.equal(read('POST', '/by-header', ['X-KEY', 'k-1']).key, '', 'a text of another form holds no key')
  t.match(read('POST', '/by-query?x=1&key%2Did=k%201&version=4'), {
    key: 'k 1',
    keyVersion: '4',
    refusal: null,
  })
  t.match(read('POST', '/by-query'), { action: 'by-query', key: '', refusal: null })
})

t.test('a key with two readings is refused', async (t) => {
  const refusal = { status: 400, reason: 'ambiguous-key' }
  t.match(read('POST', '/by-header', ['x-key', 'key/a', 'x-key', 'key/b']), { key: '', refusal })
  t.match(read('POST', '/by-header', ['x-key', 'key/a\x7f']), { key: '', refusal })
  t.match(read('POST', '/by-query?key-id=a&key-id=b'), { action: 'by-query', key: '', refusal })
  t.match(read('POST', '/by-query?key-id=a+b'), { key: '', refusal })
})

t.test('a key id over its limit, in bytes of UTF-8', async (t) => {
  t.equal(read('POST', `/names/${'k'.repeat(40)}`).key.length, 40)
  t.match(read('POST', `/names/${'k'.repeat(41)}`), {
    action: 'other',
    key: '',
    refusal: { status: 414, reason: 'key-too-long' },
  })
  t.equal(read('POST', `/names/${'%c3%a9'.repeat(20)}`).key, '\u00e9'.repeat(20))
  t.match(read('POST', `/names/${'%c3%a9'.repeat(21)}`).refusal, { reason: 'key-too-long' })
  t.match(read('POST', '/by-header', ['x-key', `key/${'k'.repeat(41)}`]).refusal, {
    status: 400,
    reason: 'key-too-long',
  })
  t.match(read('POST', `/by-query?key-id=${'k'.repeat(41)}`).refusal, { status: 414 })
  t.equal(read('POST', `/kms/v1/keys/${'k'.repeat(512)}/encrypt`, [], naver).refusal, null, '512 by default')
  t.match(read('POST', `/kms/v1/keys/${'k'.repeat(513)}/encrypt`, [], naver).refusal, {
    reason: 'key-too-long',
  })
})

t.test('keys of several segments, and versions', async (t) => {
  t.match(read('GET', '/projects/p/locations/l'), { action: 'get-resource', key: 'p/locations/l' })
  t.match(read('GET', '/projects/p/l/versions/7'), { action: 'get-version', key: 'p/l', keyVersion: '7' })
  t.equal(read('GET', `/projects/p/versions/${'7'.repeat(65)}`).keyVersion, '', 'no version is that long')
})

t.test('no route', async (t) => {
  const unknown = { action: 'other', key: '', route: -1, refusal: null, needsRequestBody: false }
  t.match(read('GET', '/nothing'), { ...unknown, class: 'read' })
  t.match(read('HEAD', '/nothing'), { ...unknown, class: 'read' })
  t.match(read('POST', '/nothing?a=b'), { ...unknown, class: 'manage' })
  t.match(read('OPTIONS', '/nothing/'), { ...unknown, class: 'manage' }, 'whatever its last slash')
  t.match(read('GET', '/'), { action: 'home', refusal: null })
})

t.test('another verb on a known path keeps the key', async (t) => {
  t.match(read('DELETE', '/names/k-1'), {
    action: 'other',
    class: 'manage',
    key: 'k-1',
    route: -1,
    refusal: null,
  })
  t.match(read('HEAD', '/names/k-1'), { action: 'other', class: 'read', key: 'k-1' })
  t.match(read('DELETE', `/names/${'k'.repeat(41)}`).refusal, { reason: 'key-too-long' })
})

t.test('a path with two readings is refused', async (t) => {
  const refused = { action: 'other', key: '', route: -1, refusal: { status: 400, reason: 'ambiguous-path' } }
  for (const target of [
    '/kms/v1/keys//encrypt',
    '/kms/v1/keys/a/../b/encrypt',
    '/kms/v1/keys/a%2f/encrypt',
    '/kms/v1/keys/a/encrypt/',
    '/kms/v1/keys/a/',
    '/kms/v1/keys/',
    '/kms/v1/keys/a/encrypt#',
    '/kms/v1/keys/a/encrypt?a#b',
    'http://upstream/kms/v1/keys/a/encrypt',
    '*',
    '',
  ]) {
    t.match(read('POST', target, [], naver), { ...refused, class: 'manage' }, target)
  }
})

t.test('a form that the dialect allows', async (t) => {
  t.match(read('POST', '/names/k-1/'), { action: 'named', key: 'k-1', refusal: null })
  t.match(read('POST', '/names/a%2Fb'), { action: 'named', key: 'a/b', refusal: null })
  t.match(read('POST', '/names/a%5Cb').refusal, { reason: 'ambiguous-path' })
})

t.test('two requesters are refused, and the key is known', async (t) => {
  const twice = ['x-ncp-iam-access-key', 'A', 'X-NCP-IAM-ACCESS-KEY', 'B']
  const refusal = { status: 400, reason: 'ambiguous-credential' }
  t.match(read('POST', '/kms/v1/keys/k/encrypt', twice, naver), {
    action: 'encrypt',
    key: 'k',
    requester: { id: '', kind: 'anonymous' },
    refusal,
    needsRequestBody: false,
  })
  t.match(read('POST', '/nothing', twice, naver), { action: 'other', refusal })
})

t.test('what must be seen of the bodies', async (t) => {
  t.match(read('POST', '/by-body'), { needsRequestBody: true, needsResponseBody: true })
  t.match(read('POST', '/names/k'), { needsRequestBody: false, needsResponseBody: true })
})
