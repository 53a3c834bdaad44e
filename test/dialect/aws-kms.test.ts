import { join } from 'node:path'
import t from 'tap'
import type { Judgement, Operation } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'

const dialect = loadDialect('aws-kms', join(import.meta.dirname, '../../config/dialects'))
const ARN = 'arn:aws:kms:us-east-1:111111111111:key/1234'

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly string[]
  readonly body?: object | string
}

function ask(
  target: string,
  { method = 'POST', path = '/', headers = [], body = {} }: Asked = {},
): Operation {
  const rawHeaders = ['X-Amz-Target', target, ...headers]
  const operation = dialect.read({ method, target: path, rawHeaders, certificateSubject: '' })
  if (operation.needsRequestBody) {
    dialect.readBody(operation, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  }
  return operation
}

function judge(
  operation: Operation,
  status: number,
  body: object | string,
  headers: string[] = [],
): Judgement {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return dialect.judge(operation, { status, rawHeaders: headers }, Buffer.from(text))
}

t.test('the header names the action, the body the key', async (t) => {
  const encrypt = ask('TrentService.Encrypt', { body: { KeyId: 'alias/a', Plaintext: 'eA==' } })
  t.match(encrypt, { action: 'Encrypt', class: 'use', key: 'alias/a', otherKey: '', refusal: null })
  t.match(judge(encrypt, 200, { KeyId: ARN }), { outcome: 'success', key: ARN })
  t.match(judge(ask('TrentService.CreateKey'), 200, { KeyMetadata: { Arn: ARN } }), { key: ARN })
  t.match(ask('TrentService.Decrypt', { body: { CiphertextBlob: 'eA==' } }), { key: '', refusal: null })
  t.match(ask('TrentService.GenerateRandom'), { action: 'GenerateRandom', needsRequestBody: false, key: '' })
})

t.test('an operation newer than the file is recorded by its name', async (t) => {
  const body = { KeyId: 'k' }
  t.match(ask('TrentService.BrandNewThing', { body }), { action: 'BrandNewThing', class: 'manage', key: 'k' })
  t.match(ask('Other.Encrypt', { body }), { action: 'Other.Encrypt', class: 'manage', key: 'k' })
  t.match(ask('TrentService.encrypt', { body }), { action: 'encrypt', key: 'k' })
})

t.test('the header counts whatever method and path are', async (t) => {
  for (const [method, path] of [
    ['POST', '/x/y'],
    ['PUT', '/'],
    ['POST', '/?Action=Decrypt'],
  ] as const) {
    t.match(ask('TrentService.Encrypt', { method, path, body: { KeyId: 'k' } }), {
      ...{ action: 'Encrypt', class: 'use', key: 'k' },
    })
  }
  const plain = { method: 'POST', rawHeaders: [], certificateSubject: '' }
  t.match(dialect.read({ ...plain, target: '/' }), { action: 'other', class: 'manage', refusal: null })
  t.match(dialect.read({ ...plain, target: '/service/TrentService/operation/Encrypt' }), {
    action: 'Encrypt',
  })
  t.match(dialect.read({ ...plain, target: '/service/TrentService/operation/a%20b' }), { action: 'other' })
})

t.test('an action with two readings is refused', async (t) => {
  const refusal = { status: 400, reason: 'ambiguous-action' }
  const twice = ['x-amz-target', 'TrentService.Encrypt']
  t.match(ask('TrentService.Encrypt', { headers: twice }), { refusal }, 'be it the same one')
  t.match(ask('TrentService.Decrypt', { headers: twice }), { refusal })
  for (const target of [
    'TrentService.Encrypt, TrentService.Decrypt',
    'TrentService.Encrypt;x',
    'TrentService.',
    `TrentService.${'x'.repeat(65)}`,
    'TrentService.Encr\u00fdpt',
  ]) {
    t.match(ask(target), { action: 'other', key: '', refusal }, target)
  }
})

t.test('a body with two readings is refused', async (t) => {
  const refusal = { status: 400, reason: 'ambiguous-key' }
  for (const body of [
    '{"KeyId":"a","KeyId":"b"}',
    '{"KeyId":"a","keyId":"b"}',
    '{"keyid":"b"}',
    '{"KeyId":["a","b"]}',
    '{"KeyId":{"a":1}}',
    '{"KeyId":7}',
    '\ufeff{"KeyId":"a"}',
    '{"KeyId":"a"} // x',
    'KeyId=a',
  ]) {
    t.match(ask('TrentService.Encrypt', { body }), { key: '', refusal }, body)
    t.match(ask('TrentService.BrandNewThing', { body }), { key: '', refusal }, body)
  }
  t.match(ask('TrentService.ReEncrypt', { body: '{"SourceKeyId":"a","destinationkeyid":"b"}' }), { refusal })
  t.match(ask('TrentService.DeleteAlias', { body: '{"AliasName":"a","aliasname":"b"}' }), { refusal })
  t.match(ask('TrentService.Encrypt', { body: '' }), { key: '', refusal: null }, 'nothing names no key')
})

t.test('a re-encryption uses two keys', async (t) => {
  const reEncrypt = ask('TrentService.ReEncrypt', { body: { SourceKeyId: 'a', DestinationKeyId: 'b' } })
  t.match(reEncrypt, { key: 'a', otherKey: 'b', refusal: null })
  t.match(judge(reEncrypt, 200, { SourceKeyId: `${ARN}a`, KeyId: `${ARN}b` }), {
    key: `${ARN}a`,
    otherKey: `${ARN}b`,
  })
  t.match(ask('TrentService.ReEncrypt', { body: { DestinationKeyId: 'x'.repeat(513) } }).refusal, {
    reason: 'key-too-long',
  })
})

t.test('aliases', async (t) => {
  const body = { AliasName: 'alias/a', TargetKeyId: 'k' }
  const set = ask('TrentService.UpdateAlias', { body })
  t.match(set, { key: 'k', bodyFields: { alias: 'alias/a' } })
  t.same(judge(set, 200, '').alias, { name: 'alias/a', removed: false })
  t.same(judge(set, 400, '').alias, null)
  const removed = ask('TrentService.DeleteAlias', { body: { AliasName: 'alias/a' } })
  t.match(removed, { key: 'alias/a' })
  t.same(judge(removed, 200, '').alias, { name: 'alias/a', removed: true })
})

t.test('when a key’s end is scheduled', async (t) => {
  const ask7 = ask('TrentService.ScheduleKeyDeletion', { body: { KeyId: 'k', PendingWindowInDays: 7 } })
  const destruction = (body: object | string) => judge(ask7, 200, body).destruction
  const answer = { KeyId: ARN, KeyState: 'PendingDeletion' }
  t.same(destruction({ ...answer, DeletionDate: 1.7643e9 + 0.25 }), {
    kind: 'scheduled-at',
    at: 1_764_300_000_250,
  })
  t.same(destruction(answer), { kind: 'scheduled', afterMs: 7 * 86_400_000 }, 'no date: the days asked for')
  t.equal(destruction({ KeyId: ARN, KeyState: 'PendingReplicaDeletion', PendingWindowInDays: 7 }), null)
  t.equal(destruction('<html>a gateway</html>'), null)
  t.equal(judge(ask7, 400, answer).destruction, null)
  const cancel = ask('TrentService.CancelKeyDeletion', { body: { KeyId: 'k' } })
  t.same(judge(cancel, 200, { KeyId: ARN }).destruction, { kind: 'cancelled' })
})

t.test('error codes, in every form', async (t) => {
  const operation = ask('TrentService.Encrypt', { body: { KeyId: 'k' } })
  for (const type of [
    'DisabledException',
    'com.amazonaws.kms#DisabledException',
    'DisabledException:http://internal.amazon.com/coral/com.amazonaws.kms/',
    'com.amazonaws.kms#DisabledException:http://internal.amazon.com/',
  ]) {
    const expected = { outcome: 'failure', errorCode: 'DisabledException' }
    t.match(judge(operation, 400, { __type: type, message: 'no' }), expected, type)
    t.match(judge(operation, 400, '', ['x-amzn-ErrorType', type]), expected, type)
  }
})

t.test('the access key, and a signature with two of them', async (t) => {
  const authorization = (credential: string) => [
    'Authorization',
    `AWS4-HMAC-SHA256 ${credential}, Signature=s`,
  ]
  const scope = '20260101/us-east-1/kms/aws4_request'
  t.match(ask('TrentService.ListKeys', { headers: authorization(`Credential=AKIA1/${scope}`) }), {
    requester: { id: 'AKIA1', kind: 'account' },
  })
  for (const second of ['Credential', 'credential']) {
    const headers = authorization(`Credential=AKIA1/${scope}, ${second}=AKIA2/${scope}`)
    t.match(ask('TrentService.ListKeys', { headers }).refusal, { reason: 'ambiguous-credential' })
  }
})

t.test('keytrail’s own answers are errors to the SDKs', async (t) => {
  for (const [status, type] of [
    [400, 'ValidationException'],
    [403, 'AccessDeniedException'],
    [503, 'KMSInternalException'],
    [504, 'DependencyTimeoutException'],
  ] as const) {
    const { contentType, body } = dialect.errorAnswer(status, 'why')
    t.equal(contentType, 'application/x-amz-json-1.1')
    t.same(JSON.parse(body), { __type: type, message: 'why' })
  }
})
