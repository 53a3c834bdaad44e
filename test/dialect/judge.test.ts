import { join } from 'node:path'
import t from 'tap'
import type { Judgement } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'

const dialect = loadDialect(join(import.meta.dirname, '../fixture/dialect/every-option.yaml'), '')
const naver = loadDialect('naver-kms', join(import.meta.dirname, '../../config/dialects'))

interface Exchange {
  readonly request: string
  readonly sent?: unknown
  readonly status?: number
  readonly rawHeaders?: readonly string[]
  readonly answer?: unknown
}

function judge(exchange: Exchange, judging = dialect): Judgement {
  const { request, sent, status = 200, rawHeaders = [], answer } = exchange
  const [method = '', target = ''] = request.split(' ')
  const operation = judging.read({ method, target, rawHeaders: [], certificateSubject: '' })
  if (sent !== undefined) judging.readBody(operation, Buffer.from(JSON.stringify(sent)))
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  return judging.judge(operation, { status, rawHeaders }, answer === undefined ? null : Buffer.from(text))
}

const request = 'POST /kms/v1/keys/k/encrypt'

const outcomes: readonly (readonly [string, number, unknown, string])[] = [
  ['a success', 200, { code: 'SUCCESS', data: {} }, 'success'],
  ['another 2xx', 204, '', 'success'],
  ['a failure with HTTP 200', 200, { code: 'INVALID' }, 'failure'],
  ['a code of another type', 200, { code: 0 }, 'failure'],
  ['a code that is null', 200, { code: null }, 'failure'],
  ['no code', 200, { data: {} }, 'success'],
  ['no JSON', 200, '<html>', 'success'],
  ['no body seen', 200, undefined, 'success'],
  ['a redirect', 302, '', 'failure'],
  ['not modified', 304, '', 'failure'],
  ['a refusal that claims success', 403, { code: 'SUCCESS' }, 'failure'],
  ['an error', 500, '', 'failure'],
  ['an odd status', 999, '', 'failure'],
  ['no status', 0, '', 'unknown'],
  ['an interim status', 101, '', 'unknown'],
]

for (const [name, status, answer, outcome] of outcomes) {
  t.test(name, async (t) => t.equal(judge({ request, status, answer }, naver).outcome, outcome))
}

t.test('statuses and body field as the dialect says', async (t) => {
  const outcome = (status: number, answer: unknown) => judge({ request: 'GET /', status, answer }).outcome
  t.equal(outcome(200, { header: { isSuccessful: true } }), 'success')
  t.equal(outcome(200, { header: { isSuccessful: false } }), 'failure')
  t.equal(outcome(200, { header: { isSuccessful: 'true' } }), 'failure')
  t.equal(outcome(304, ''), 'success')
  t.equal(outcome(201, ''), 'failure')
})

t.test('a body that says it is no JSON is not read', async (t) => {
  const answer = { code: 'INVALID' }
  t.equal(judge({ request, answer, rawHeaders: ['Content-Type', 'text/html'] }, naver).outcome, 'success')
  t.equal(
    judge({ request, answer, rawHeaders: ['Content-Type', 'application/json'] }, naver).outcome,
    'failure',
  )
})

t.test('error codes', async (t) => {
  const code = (answer: unknown, status = 400) => judge({ request, status, answer }, naver).errorCode
  t.equal(code({ error: { errorCode: '210' } }), '210')
  t.equal(code({ error: { errorCode: 210 } }), '210')
  t.equal(code({ code: 'KEY_DISABLED', msg: 'secret' }), 'KEY_DISABLED')
  t.equal(code({ code: 'KEY_DISABLED' }, 200), 'KEY_DISABLED')
  t.equal(code({ code: 'SUCCESS' }, 200), '')
  t.equal(code({ code: 'x'.repeat(100) }), 'x'.repeat(64))
  t.equal(code({ code: 'A\nB' }), 'A')
  t.equal(code('<html>'), '')

  const aws = { request: 'POST /by-body', status: 400 }
  t.equal(
    judge({ ...aws, answer: { __type: 'com.amazonaws.kms#DisabledException' } }).errorCode,
    'DisabledException',
  )
  t.equal(judge({ ...aws, answer: { __type: 'NotFoundException' } }).errorCode, 'NotFoundException')
  const rawHeaders = ['x-amzn-ErrorType', 'NotFoundException:http://internal.amazon.com/']
  t.equal(judge({ ...aws, rawHeaders }).errorCode, 'NotFoundException')
})

t.test('request ids', async (t) => {
  const id = (value: string) => judge({ request, rawHeaders: ['X-NCP-Trace-Id', value] }, naver).requestId
  t.equal(id('abc-1'), 'abc-1')
  t.equal(id('x'.repeat(200)), 'x'.repeat(128))
  t.equal(id('a\xe9'), 'a')
  t.equal(judge({ request: 'GET /', answer: { request_id: 'r-1' } }).requestId, 'r-1')
  t.equal(judge({ request: 'GET /', status: 500, answer: { request_id: 'r-1' } }).requestId, 'r-1')
})

t.test('the key that an answer names', async (t) => {
  const created = { request: 'POST /kms/v1/keys', answer: { code: 'SUCCESS', data: { keyTag: 'tag-1' } } }
  t.equal(judge(created, naver).key, 'tag-1')
  t.equal(judge({ ...created, status: 500 }, naver).key, '', 'a failure creates nothing')
  for (const keyTag of ['k'.repeat(513), 'a\nb', { a: 1 }, null]) {
    t.equal(judge({ ...created, answer: { data: { keyTag } } }, naver).key, '')
  }
  t.equal(judge({ request: 'POST /by-body', sent: { KeyId: 'alias' }, answer: { KeyId: 'arn' } }).key, 'arn')
  t.equal(judge({ request: 'POST /by-answer', rawHeaders: ['X-Key', 'k-9'] }).key, 'k-9')
})

t.test('the key version of an answer, else of the request', async (t) => {
  const reEncrypt = { request: 'POST /kms/v1/keys/k/re-encrypt', sent: { ciphertext: 'ncpkms:v1:AAAA' } }
  const answer = { code: 'SUCCESS', data: { ciphertext: 'ncpkms:v2:BBBB' } }
  t.equal(judge({ ...reEncrypt, answer }, naver).keyVersion, '2')
  t.equal(judge({ ...reEncrypt, answer: { code: 'FAILED' } }, naver).keyVersion, '1')
  t.equal(judge({ ...reEncrypt, answer, status: 400 }, naver).keyVersion, '1')
  const batch = { code: 'SUCCESS', data: { ciphertext: ['ncpkms:v7:A', 'ncpkms:v7:B'] } }
  t.equal(judge({ request, answer: batch }, naver).keyVersion, '7')
})

t.test('the size of a batch', async (t) => {
  t.equal(judge({ request, sent: { plaintext: ['YQ==', 'Yg=='] }, status: 500 }, naver).items, 2)
  t.equal(judge({ request: 'POST /by-body', answer: { results: [1, 2, 3] } }).items, 3)
  t.equal(judge({ request: 'POST /by-body', answer: { results: 'no array' } }).items, 0)
})

t.test('issued tokens', async (t) => {
  const tokenSet = {
    request: 'POST /kms/v1/keys/k/token-set',
    sent: { accessTokenHours: 1, refreshTokenHours: 'UL' },
    answer: { code: 'SUCCESS', data: { accessToken: 'a.a.a', refreshToken: 'r.r.r' } },
  }
  t.same(judge(tokenSet, naver).issued, [
    { token: 'a.a.a', lifetimeMs: 3_600_000 },
    { token: 'r.r.r', lifetimeMs: Number.POSITIVE_INFINITY },
  ])
  const { sent: _, ...withoutBody } = tokenSet
  t.same(
    judge(withoutBody, naver).issued.map(({ lifetimeMs }) => lifetimeMs / 3_600_000),
    [72, 2160],
    'the defaults hold where the request says nothing',
  )
  t.same(judge({ ...tokenSet, status: 403 }, naver).issued, [])
  t.same(judge({ ...tokenSet, answer: { code: 'DENIED', data: tokenSet.answer.data } }, naver).issued, [])
  t.same(judge({ ...tokenSet, answer: { data: { accessToken: 7, refreshToken: '' } } }, naver).issued, [])
  t.same(judge({ ...tokenSet, answer: { data: { accessToken: 'x'.repeat(16_385) } } }, naver).issued, [])
  t.same(judge({ ...tokenSet, answer: { data: { refreshToken: 'r' } } }, naver).issued, [
    { token: 'r', lifetimeMs: Number.POSITIVE_INFINITY },
  ])
  t.same(judge({ request: 'POST /issue/k', answer: { token: 't' } }).issued, [
    { token: 't', lifetimeMs: Number.POSITIVE_INFINITY },
  ])
})

t.test('destruction', async (t) => {
  const success = { code: 'SUCCESS', data: null }
  const of = (request: string, status = 200) => judge({ request, status, answer: success }, naver).destruction
  t.same(of('DELETE /kms/v1/keys/k'), { kind: 'now' })
  t.same(of('POST /kms/v1/keys/k/request-deletion'), { kind: 'scheduled', afterMs: 259_200_000 })
  t.same(of('POST /kms/v1/keys/k/cancel-deletion'), { kind: 'cancelled' })
  t.equal(of('POST /kms/v1/keys/k/enable'), null)
  t.equal(of('DELETE /kms/v1/keys/k', 409), null)
  t.equal(judge({ request: 'DELETE /kms/v1/keys/k', answer: { code: 'DENIED' } }, naver).destruction, null)
})

t.test('a page in the place of the answer destroys nothing', async (t) => {
  const request = 'DELETE /kms/v1/keys/k'
  for (const answer of ['<html>', '{}', undefined]) {
    t.match(judge({ request, answer }, naver), { outcome: 'success', destruction: null }, String(answer))
  }
  t.same(judge({ request, answer: '' }, naver).destruction, { kind: 'now' })
  t.same(judge({ request, status: 204 }, naver).destruction, { kind: 'now' })
})

t.test('destruction as request or answer date it', async (t) => {
  const header = { isSuccessful: true }
  const sent = { KeyId: 'k', PendingWindowInDays: 7 }
  const schedule = { request: 'POST /schedule', answer: { header } }
  t.same(judge({ ...schedule, sent }).destruction, { kind: 'scheduled', afterMs: 604_800_000 })
  t.same(judge(schedule).destruction, { kind: 'scheduled', afterMs: 2_592_000_000 })
  const dated = (DeletionDate: unknown) =>
    judge({ request: 'POST /destroy/k', answer: { header, DeletionDate } }).destruction
  t.same(dated(1_700_000_000.5), { kind: 'scheduled-at', at: 1_700_000_000_500 })
  t.same(dated('2030-01-01T00:00:00Z'), { kind: 'scheduled-at', at: 1_893_456_000_000 })
  for (const date of [undefined, null, 'soon', -1, 0, 1e12, {}, [5], true]) t.equal(dated(date), null)
  const at = { request: 'POST /destroy-at/k', answer: { header, destroyTime: 1_700_000_000_000 } }
  t.same(judge(at).destruction, { kind: 'scheduled-at', at: 1_700_000_000_000 })
})

t.test('a request of no route', async (t) => {
  t.match(judge({ request: 'GET /nothing', answer: { code: 'NOPE' } }, naver), {
    outcome: 'failure',
    errorCode: 'NOPE',
    key: '',
    issued: [],
    destruction: null,
  })
})

t.test('replacing or discarding a token generator ends its tokens, and a refusal to does not', async (t) => {
  const target = '/kms/v1/keys/k/token-generator'
  for (const method of ['PUT', 'DELETE']) {
    const given = { request: `${method} ${target}`, answer: { code: 'SUCCESS', data: null } }
    t.same(judge(given, naver).destruction, { kind: 'tokens' })
    t.equal(judge({ ...given, answer: { code: 'TOKEN_GENERATOR_INACTIVE' } }, naver).destruction, null)
  }
  t.equal(judge({ request: `POST ${target}`, answer: { code: 'SUCCESS' } }, naver).destruction, null)
})
