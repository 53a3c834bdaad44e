import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { loadDialect } from '../../src/dialect/load.ts'

// No request or answer, however odd, makes a dialect throw, keep more than it may, or see another key than a
// parser that normalises its paths.

const dialects = [
  loadDialect('naver-kms', join(import.meta.dirname, '../../config/dialects')),
  loadDialect(join(import.meta.dirname, '../fixture/dialect/every-option.yaml'), ''),
]

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('/', 'kms', 'v1', 'keys', 'k', 'encrypt', 'token-set', 'projects', 'names'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('.', '..', '%2e', '%2F', '%5c', '\\', ';', '%00', '%', '%25', '?', '#', '&'),
  },
  { weight: 1, arbitrary: latin1 },
)
const path = fc.constantFrom(
  '/kms/v1/keys',
  '/kms/v1/keys/k/encrypt',
  '/kms/v1/keys/k/token-set',
  '/kms/v1/keys/k/request-deletion',
  '/by-header',
  '/by-query?key-id=',
  '/by-body',
  '/schedule',
  '/destroy/k',
  '/projects/a/b/versions/1',
)
const target = fc.oneof(
  path,
  latin1,
  fc.tuple(path, latin1).map((parts) => parts.join('')),
  fc.array(piece).map((parts) => `/${parts.join('')}`),
)
const headerName = fc.oneof(
  fc.constantFrom(
    'x-ncp-ocapi-token',
    'X-NCP-IAM-Access-Key',
    'Authorization',
    'x-key',
    'content-type',
    'x-amzn-errortype',
  ),
  latin1,
)
const headerValue = fc.oneof(
  latin1,
  fc.constantFrom(
    'Bearer a.b.c',
    'AWS4-HMAC-SHA256 Credential=',
    'application/json',
    'key/',
    'x'.repeat(9000),
  ),
  fc.jsonValue().map((claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`),
)
const rawHeaders = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.tuple(headerName, headerValue) },
      { weight: 1, arbitrary: fc.tuple(latin1) },
    ),
  )
  .map((lines) => lines.flat())

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('k\0', '\ud800', 'x'.repeat(2000), 'UL', 'ncpkms:v1:', 1e308, -1),
)
const fields = fc.record(
  {
    code: odd,
    data: fc.oneof(odd, fc.record({ keyTag: odd, accessToken: odd, refreshToken: odd, ciphertext: odd })),
    plaintext: odd,
    ciphertext: odd,
    accessTokenHours: odd,
    KeyId: odd,
    PendingWindowInDays: odd,
    DeletionDate: odd,
    __type: odd,
    request_id: odd,
    header: odd,
    error: odd,
    __proto__: odd,
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.constant(null),
  fc.uint8Array(),
  fields.map((value) => Buffer.from(JSON.stringify(value))),
  fields.map((value) => Buffer.from(JSON.stringify(value).slice(0, -1))),
)
const method = fc.oneof(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'ANY'), latin1)
const status = fc.oneof(fc.constantFrom(200, 201, 304, 400, 500), fc.integer(), fc.constant(Number.NaN))

const control = /[\u0000-\u001f\u007f-\u009f]/
const printable = /^[\x20-\x7e]*$/

t.test('nothing throws, and what is kept is bounded', async (t) => {
  for (const dialect of dialects) {
    fc.assert(
      fc.property(
        fc.record({ method, target, rawHeaders, certificateSubject: latin1 }),
        body,
        fc.record({ status, rawHeaders }),
        body,
        (head, sent, answer, answered) => {
          const operation = dialect.read(head)
          dialect.readBody(operation, sent)
          const judgement = dialect.judge(operation, answer, answered)
          for (const key of [operation.key, judgement.key]) {
            if (Buffer.byteLength(key) > 512 || control.test(key) || Buffer.from(key).toString() !== key)
              return false
          }
          const { requester, refusal } = operation
          if (refusal !== null && (refusal.status < 400 || refusal.status > 499)) return false
          if (requester.id.length > 256 || control.test(requester.id)) return false
          if (requester.kind === 'token' && requester.credential !== '') return false
          const texts = [
            [operation.keyVersion, 64],
            [judgement.keyVersion, 64],
            [judgement.errorCode, 64],
            [judgement.requestId, 128],
          ] as const
          return texts.every(([text, limit]) => text.length <= limit && printable.test(text))
        },
      ),
      { numRuns: 3000 },
    )
  }
  t.pass()
})

t.test('an error answer is always JSON', async (t) => {
  for (const dialect of dialects) {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: 'binary' }), (status, reason) => {
        JSON.parse(dialect.errorAnswer(status, reason).body)
      }),
    )
  }
  t.pass()
})

/** The path as the most forgiving parser reads it: decoded until nothing changes, merged, cleaned up. */
function normalise(path: string): string {
  let text = path
  for (let decoded = decodeLeniently(text); decoded !== text; decoded = decodeLeniently(text)) text = decoded
  const segments: string[] = []
  for (const segment of (text.split(/[?#\0]/)[0] ?? '').replaceAll('\\', '/').split('/')) {
    const name = segment.split(';')[0] ?? ''
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  return `/${segments.map(encodeURIComponent).join('/')}`
}

function decodeLeniently(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const tricks = fc.constantFrom(
  '/',
  '//',
  '/./',
  '/../',
  '/..',
  '.',
  '..',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '\\',
  ';',
  ';x=1',
  '%3b',
  '%00',
  '%23',
  '%3f',
  '?',
  '#',
  '%61',
  '%2561',
  '%25',
  '%',
  'a',
  'b',
  'A',
  'encrypt',
  'enable',
  'versions',
  '%65ncrypt',
  '%0a',
  ' ',
  '+',
)

function refusesTricks(dialect: Dialect, prefix: string): void {
  const read = (target: string) =>
    dialect.read({ method: 'POST', target, rawHeaders: [], certificateSubject: '' })
  fc.assert(
    fc.property(fc.array(tricks, { maxLength: 8 }), (parts) => {
      const target = prefix + parts.join('')
      const asSent = read(target)
      const normal = read(normalise(target.split('?')[0] ?? ''))
      return (
        asSent.refusal !== null ||
        normal.refusal !== null ||
        (asSent.key === normal.key && asSent.action === normal.action)
      )
    }),
    { numRuns: 20_000 },
  )
}

t.test(
  'two paths that a normalising parser reads as one never give two keys, unless one is refused',
  async (t) => {
    const [naver] = dialects
    t.ok(naver)
    for (const prefix of ['/kms/v1/keys/', '/kms/v1/keys/k/', '/keys/v1/', '/', ''])
      if (naver) refusesTricks(naver, prefix)
  },
)
