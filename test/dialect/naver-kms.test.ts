import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Judgement, Operation } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'
import { parseDescription } from '../../src/dialect/parse-description.ts'

const folder = join(import.meta.dirname, '../../config/dialects')
const dialect = loadDialect('naver-kms', folder)

const key = '7c3e0f5bd1a94f0c8d2b6e417c3e0f5bd1a94f0c8d2b6e417c3e'
const account = [
  'x-ncp-apigw-timestamp',
  '1733468239421',
  'x-ncp-iam-access-key',
  'AK1',
  'x-ncp-apigw-signature-v2',
  's',
]

function read(method: string, target: string, rawHeaders: readonly string[] = account): Operation {
  return dialect.read({ method, target, rawHeaders, certificateSubject: '' })
}

/** Method and path, action, class; `K` is the key. */
const calls: readonly (readonly [string, string, string])[] = [
  ['GET /kms/v1/keys', 'list-keys', 'read'],
  ['POST /kms/v1/keys', 'create-key', 'manage'],
  ['GET /kms/v1/keys/K', 'key-info', 'read'],
  ['DELETE /kms/v1/keys/K', 'delete-key', 'manage'],
  ['POST /kms/v1/keys/K/request-deletion', 'request-deletion', 'manage'],
  ['POST /kms/v1/keys/K/cancel-deletion', 'cancel-deletion', 'manage'],
  ['POST /kms/v1/keys/K/enable', 'enable-key', 'manage'],
  ['POST /kms/v1/keys/K/disable', 'disable-key', 'manage'],
  ['POST /kms/v1/keys/K/rotate', 'rotate', 'manage'],
  ['POST /kms/v1/keys/K/enable-auto-rotation', 'enable-auto-rotation', 'manage'],
  ['POST /kms/v1/keys/K/disable-auto-rotation', 'disable-auto-rotation', 'manage'],
  ['PUT /kms/v1/keys/K/rotation-period', 'update-rotation-period', 'manage'],
  ['PUT /kms/v1/keys/K/name', 'update-name', 'manage'],
  ['PUT /kms/v1/keys/K/memo', 'update-memo', 'manage'],
  ['GET /kms/v1/keys/K/versions', 'list-versions', 'read'],
  ['POST /kms/v1/keys/K/versions/7/enable', 'enable-version', 'manage'],
  ['POST /kms/v1/keys/K/versions/7/disable', 'disable-version', 'manage'],
  ['GET /kms/v1/keys/K/activities', 'activities', 'read'],
  ['GET /kms/v1/keys/K/last-use-info', 'last-use-info', 'read'],
  ['GET /kms/v1/keys/K/acl', 'get-acl', 'read'],
  ['POST /kms/v1/keys/K/acl', 'add-acl', 'manage'],
  ['DELETE /kms/v1/keys/K/acl', 'remove-acl', 'manage'],
  ['POST /kms/v1/keys/K/acl/enable', 'enable-acl', 'manage'],
  ['POST /kms/v1/keys/K/acl/disable', 'disable-acl', 'manage'],
  ['POST /kms/v1/keys/K/token-generator', 'create-token-generator', 'manage'],
  ['GET /kms/v1/keys/K/token-generator', 'get-token-generator', 'read'],
  ['PUT /kms/v1/keys/K/token-generator', 'replace-token-generator', 'manage'],
  ['DELETE /kms/v1/keys/K/token-generator', 'delete-token-generator', 'manage'],
  ['POST /kms/v1/keys/K/token-set', 'create-token-set', 'token'],
  ['PUT /kms/v1/keys/K/token-set', 'renew-token-set', 'token'],
  ['POST /kms/v1/keys/K/access-token', 'create-access-token', 'token'],
  ['POST /kms/v1/keys/K/encrypt', 'encrypt', 'use'],
  ['POST /kms/v1/keys/K/decrypt', 'decrypt', 'use'],
  ['POST /kms/v1/keys/K/re-encrypt', 're-encrypt', 'use'],
  ['POST /kms/v1/keys/K/create-custom-key', 'create-custom-key', 'use'],
  ['POST /kms/v1/keys/K/sign', 'sign', 'use'],
  ['POST /kms/v1/keys/K/verify', 'verify', 'use'],
  ['POST /kms/v1/keys/K/get-pub-key', 'get-public-key', 'read'],
  ['GET /kms/v1/keys/K/not-yet-known', 'other', 'read'],
  ['HEAD /kms/v1/keys/K/encrypt', 'other', 'read'],
  ['POST /kms/v1/keys/K/not/yet/known', 'other', 'manage'],
  ['POST /keys/v1/K/encrypt', 'encrypt', 'use'],
  ['POST /keys/v1/K/decrypt', 'decrypt', 'use'],
  ['POST /keys/v1/K/reencrypt', 're-encrypt', 'use'],
  ['POST /keys/v1/K/createCustomKey', 'create-custom-key', 'use'],
  ['POST /keys/v1/K/sign', 'sign', 'use'],
  ['POST /keys/v1/K/verify', 'verify', 'use'],
  ['POST /keys/v2/K/encrypt', 'encrypt', 'use'],
  ['POST /keys/v2/K/decrypt', 'decrypt', 'use'],
  ['POST /keys/v2/K/reencrypt', 're-encrypt', 'use'],
  ['POST /keys/v2/K/createCustomKey', 'create-custom-key', 'use'],
  ['POST /keys/v2/K/sign', 'sign', 'use'],
  ['POST /keys/v2/K/verify', 'verify', 'use'],
]

const routes = new Set<number>()
for (const [call, action, operationClass] of calls) {
  t.test(call, async (t) => {
    const [method = '', path = ''] = call.split(' ')
    const operation = read(method, `${path.replace('K', key)}?pageNo=1`)
    t.match(operation, {
      action,
      class: operationClass,
      key: path.includes('K') ? key : '',
      keyVersion: path.includes('/7/') ? '7' : '',
      requester: { id: 'AK1', kind: 'account', credential: 'AK1' },
      token: '',
      refusal: null,
      needsResponseBody: true,
    })
    t.not(operation.route, -1)
    routes.add(operation.route)
  })
}

t.test('every route of the file is in the table above', async (t) => {
  const file = join(folder, 'naver-kms.yaml')
  t.equal(routes.size, parseDescription(readFileSync(file, 'utf8'), file).routes.length)
})

t.test('other paths and spellings', async (t) => {
  for (const call of [
    'POST /keys/v1/K/create-custom-key',
    'GET /kms/v2/keys/K',
    'GET /',
    'POST /keys/v3/K/encrypt',
  ]) {
    const [method = '', path = ''] = call.split(' ')
    t.match(
      read(method, path.replace('K', key)),
      { action: 'other', key: '', route: -1, refusal: null },
      call,
    )
  }
  t.match(read('GET', `/keys/v1/${key}/encrypt`), { action: 'other', class: 'read', key, route: -1 })
})

t.test('a token call', async (t) => {
  const jwt = `e30.${Buffer.from('{"iss":"account-7"}').toString('base64url')}.c2ln`
  t.match(read('POST', `/kms/v1/keys/${key}/encrypt`, ['X-NCP-OCAPI-TOKEN', jwt]), {
    requester: { id: 'account-7', kind: 'token', credential: '' },
    token: jwt,
  })
  t.match(read('POST', `/kms/v1/keys/${key}/encrypt`, ['x-ncp-ocapi-token', jwt, ...account]).refusal, {
    status: 400,
    reason: 'ambiguous-credential',
  })
  t.match(read('POST', `/kms/v1/keys/${key}/encrypt`, []).requester, { id: '', kind: 'anonymous' })
})

function versionOf(call: string, sent: object, data: object): Judgement['keyVersion'] {
  const operation = read('POST', `${call.replace('K', key)}`)
  dialect.readBody(operation, Buffer.from(JSON.stringify(sent)))
  const body = Buffer.from(JSON.stringify({ code: 'SUCCESS', data }))
  return dialect.judge(operation, { status: 200, rawHeaders: [] }, body).keyVersion
}

t.test('the version of the key that was used', async (t) => {
  const old = 'ncpkms:v3:b2xk'
  const made = 'ncpkms:v4:bWFkZQ=='
  for (const api of ['/kms/v1/keys/K', '/keys/v1/K', '/keys/v2/K']) {
    const hyphens = api.startsWith('/kms')
    t.equal(versionOf(`${api}/encrypt`, { plaintext: 'YQ==' }, { ciphertext: made }), '4')
    t.equal(versionOf(`${api}/decrypt`, { ciphertext: old }, { plaintext: 'YQ==' }), '3')
    t.equal(
      versionOf(`${api}/${hyphens ? 're-encrypt' : 'reencrypt'}`, { ciphertext: old }, { ciphertext: made }),
      '4',
    )
    const customKey = hyphens ? 'create-custom-key' : 'createCustomKey'
    t.equal(versionOf(`${api}/${customKey}`, { bits: 256 }, { ciphertext: made }), '4')
    t.equal(versionOf(`${api}/sign`, { data: 'YQ==' }, { signature: made }), '4')
    t.equal(versionOf(`${api}/verify`, { data: 'YQ==', signature: old }, { isValid: true }), '3')
  }
  t.equal(versionOf('/kms/v1/keys/K/rotate', {}, { currentVersion: 5 }), '5')
})

t.test('errors in the shape of the API Gateway', async (t) => {
  const codes = [
    [400, '100'],
    [401, '200'],
    [403, '230'],
    [404, '300'],
    [413, '430'],
    [414, '100'],
    [429, '400'],
    [500, '900'],
    [502, '500'],
    [503, '500'],
    [504, '510'],
  ] as const
  for (const [status, errorCode] of codes) {
    const answer = dialect.errorAnswer(status, 'why "so"')
    t.match(answer, { status, contentType: 'application/json' })
    t.same(JSON.parse(answer.body), { error: { errorCode, message: 'why "so"' } })
  }
})
