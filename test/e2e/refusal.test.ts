import t from 'tap'
import { httpUpstream } from '../helper/http-upstream.ts'
import { sendRaw } from '../helper/raw-client.ts'
import { historyOf, runSidecar } from '../helper/running-sidecar.ts'

const LIMITS = { header: '4KiB', target: '1KiB', body: '1KiB', heldBody: '1KiB', keyId: '64B' }
const ACL = [{ keys: 'closed-*', allow: ['10.0.0.0/8'], deny: [] }]

function get(target: string, headers = 'Host: a\r\n'): string {
  return `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`
}

/** What is refused: the request, the status, and what its record says. */
const CASES: Record<string, { request: string; status: number; record: object }> = {
  'a space in a header name': {
    request: 'GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n',
    status: 400,
    record: { action: 'malformed', reason: 'malformed' },
  },
  'length and chunks': {
    request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
    record: { action: 'malformed', reason: 'malformed' },
  },
  'headers over their limit': {
    request: get('/', `Host: a\r\nX-Long: ${'x'.repeat(5000)}\r\n`),
    status: 431,
    record: { action: 'malformed', reason: 'headers-too-large' },
  },
  'a path two parsers could read as two keys': {
    request: get('/kms/v1/keys/a/../b/acl'),
    status: 400,
    record: { reason: 'ambiguous-path' },
  },
  'an encoded slash in a key': {
    request: get('/kms/v1/keys/a%2fb'),
    status: 400,
    record: { reason: 'ambiguous-path' },
  },
  'a target over its limit': {
    request: get(`/kms/v1/keys/k?${'q'.repeat(1100)}`),
    status: 414,
    record: { reason: 'target-too-long', key: 'k' },
  },
  'a key id over its limit': {
    request: get(`/kms/v1/keys/${'k'.repeat(65)}`),
    status: 400,
    record: { reason: 'key-too-long' },
  },
  'no Host': { request: get('/kms/v1/keys/k', ''), status: 400, record: { reason: 'ambiguous-host' } },
  'two Hosts': {
    request: get('/kms/v1/keys/k', 'Host: a\r\nHost: b\r\n'),
    status: 400,
    record: { reason: 'ambiguous-host' },
  },
  'a body over its limit': {
    request:
      'POST /kms/v1/keys/k/encrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\nConnection: close\r\n\r\n',
    status: 413,
    record: { reason: 'body-too-large', action: 'encrypt' },
  },
  'an address the acl does not allow': {
    request: get('/kms/v1/keys/closed-1'),
    status: 403,
    record: { reason: 'acl: rule 1 (closed-*) does not allow', key: 'closed-1' },
  },
}

t.test('what is refused never reaches the upstream and is recorded', async (t) => {
  let asked = 0
  const url = await httpUpstream(t, (_, response) => {
    asked++
    response.end()
  })
  const sidecar = await runSidecar(t, url, { limits: LIMITS, acl: ACL })
  let refused = 0
  for (const [name, { request, status, record }] of Object.entries(CASES)) {
    const answer = await sendRaw(sidecar.api, request)
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), name)
    t.match(answer, /\{"error":\{"errorCode":"\d+","message":"/, `${name}: in the key API’s own shape`)
    const records = await historyOf(sidecar.history, null)
    t.equal(records.length, ++refused, `${name}: one record`)
    t.match(records[0], { ...record, outcome: 'failure', status, channel: 'api', address: '127.0.0.1' }, name)
  }
  t.equal(asked, 0)
})

t.test('a chunked body over its limit is cut off on the way', async (t) => {
  const url = await httpUpstream(t, (request, response) => {
    request.on('error', () => undefined)
    request.resume()
    request.on('end', () => response.end())
  })
  const sidecar = await runSidecar(t, url, { limits: { ...LIMITS, body: '100KiB' } })
  const head =
    'POST /kms/v1/keys/k/encrypt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  t.match(await sendRaw(sidecar.api, [head, chunk, chunk, chunk]), /^HTTP\/1\.1 413 /)
  const [record] = await historyOf(sidecar.history, null)
  t.match(record, { reason: 'body-too-large', status: 413 })
  t.not(record?.outcome, 'success')
})
