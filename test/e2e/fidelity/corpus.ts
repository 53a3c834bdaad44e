import { gzipSync } from 'node:zlib'
import fc from 'fast-check'

/** A request and its answer, as bytes (latin1). */
export interface Sample {
  readonly request: string
  /** Of interim answers (maybe none) and the answer. */
  readonly answer: string
  /** The answer ends with its connection. */
  readonly endless: boolean
}

/** All that two parsers like to see differently. */
const PIECES = [
  ...[
    'a',
    'key-1',
    'K',
    '%41',
    '%2f',
    '%2F',
    '%5c',
    '%5C',
    '%20',
    '%c3%a9',
    '%C3%A9',
    '%25',
    '%2525',
    '%7E',
    '~',
  ],
  ...[
    '.',
    '..',
    '%2e',
    ';',
    ';v=1',
    '+',
    '=',
    ':',
    '@',
    '!',
    '$',
    '&',
    "'",
    '(',
    ')',
    '*',
    ',',
    '"',
    '<',
    '|',
    '^',
    '{',
    '}',
  ],
]
const QUERIES = [
  '?',
  '?a',
  '?a=',
  '?a=&b',
  '?=',
  '?&&',
  '?a=b&a=c',
  '?a=%2f&a=%2F',
  '?a;b',
  '?a=b+c',
  '??',
  '?a=/../b',
  '?%',
]

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'PROPFIND',
  'LIST',
  'SCAN',
  'X-y',
]

const NAMES = [
  ...[
    'X-A',
    'x-a',
    'X-a',
    'Accept',
    'ACCEPT',
    'Cookie',
    'Content-Type',
    'User-Agent',
    'Authorization',
    'X_Under',
  ],
  ...[
    "X!#$%&'*+.^`|~",
    'Date',
    'Via',
    'X-Forwarded-For',
    'Forwarded',
    'Trailer',
    'Content-Encoding',
    'Range',
    'ETag',
  ],
]

const TEXTS = ['OK', 'Fine', '', 'All right, then!', 'caf\xc3\xa9', 'OK  twice', 'it\'s \\ "that"']

const STATUSES = [
  200, 200, 200, 201, 202, 203, 204, 206, 207, 226, 299, 301, 304, 307, 400, 403, 404, 409, 418, 429, 451,
  499, 500, 503, 599, 777,
]

const value = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'a, b',
    'a,b',
    ',,',
    '"quoted, \\" text"',
    'gzip',
    'x\ty',
    'x  y',
    'caf\xe9',
    '\x80\xff',
    '*/*',
  ),
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 30,
  }),
  fc.constantFrom('v'.repeat(1000), `${'w,'.repeat(400)}`),
)

/** A header as a line, with the white space that may be around its value (RFC 9112 5). */
const header = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(': ', ':', ':\t', ':   '),
    value,
    fc.constantFrom('', '', ' '),
  )
  .map(([name, colon, text, behind]) => `${name}${colon}${text}${behind}\r\n`)

/** What belongs to this hop alone, and names what does. */
const hop = fc.constantFrom(
  '',
  '',
  '',
  'Keep-Alive: timeout=5\r\n',
  'TE: trailers\r\n',
  'Connection: x-hop\r\nX-Hop: 1\r\n',
  'Proxy-Connection: keep-alive\r\n',
)

const target = fc
  .tuple(
    fc.array(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 3 }).map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 5 },
    ),
    fc.constantFrom('', '', ...QUERIES, `?long=${'q'.repeat(6000)}`),
  )
  .map(([segments, query]) => `/${segments.join('/')}${query}`)

const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 300 }).map(latin1) },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((plain) => latin1(gzipSync(plain))),
  },
  { weight: 1, arbitrary: fc.constantFrom(70_000, 200_000).map((size) => '\0\r\nab'.repeat(size / 5)) },
)

/** A body and the header that tells its end. */
const framed = fc.oneof(
  bytes.map((body) => ({ fields: `Content-Length: ${body.length}\r\n`, body })),
  fc.tuple(bytes, fc.integer({ min: 1, max: 5000 })).map(([body, size]) => ({
    fields: 'Transfer-Encoding: chunked\r\n',
    body: `${chunks(body, size)}0\r\n\r\n`,
  })),
)

const request = fc
  .tuple(
    fc.constantFrom(...METHODS),
    target,
    fc.array(header, { maxLength: 8 }),
    hop,
    fc.option(framed, { nil: { fields: '', body: '' }, freq: 3 }),
  )
  .map(
    ([method, path, headers, hopHeader, { fields, body }]) =>
      `${method} ${path} HTTP/1.1\r\nhOsT: kms.example:8300\r\n${headers.join('')}${hopHeader}${fields}Connection: close\r\n\r\n${body}`,
  )

const interim = fc.array(
  fc
    .tuple(fc.constantFrom(102, 103, 199), fc.constantFrom(...TEXTS), fc.array(header, { maxLength: 2 }))
    .map(([status, text, headers]) => `HTTP/1.1 ${status} ${text}\r\n${headers.join('')}\r\n`),
  { maxLength: 2 },
)

const answerBody = fc.oneof(
  { weight: 40, arbitrary: framed.map((one) => ({ ...one, endless: false })) },
  { weight: 6, arbitrary: bytes.map((body) => ({ fields: '', body, endless: true })) },
  {
    weight: 6,
    arbitrary: bytes.map((body) => ({
      fields: 'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n',
      body: `${chunks(body, 100)}0\r\nX-Sum: caf\xe9\r\nx-sum: 2\r\n\r\n`,
      endless: false,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      fields: 'Content-Length: 1200000\r\n',
      body: 'z'.repeat(1_200_000),
      endless: false,
    }),
  },
)

/** One exchange in all its variety. */
const sample = fc
  .tuple(
    request,
    interim,
    fc.constantFrom(...STATUSES),
    fc.constantFrom(...TEXTS),
    fc.array(header, { maxLength: 6 }),
    answerBody,
  )
  .map(([asked, before, status, text, headers, { fields, body, endless }]): Sample => {
    const bodiless = status === 204 || status === 304 || asked.startsWith('HEAD ')
    // RFC 9110 8.6: no length for 204; the others may tell that of the body they don't have.
    const framing = status === 204 ? '' : fields
    const head = `HTTP/1.1 ${status} ${text}\r\n${headers.join('')}${framing}\r\n`
    return {
      request: asked,
      answer: before.join('') + head + (bodiless ? '' : body),
      endless: endless && !bodiless,
    }
  })

/** `count` exchanges, the same ones each time. */
export function corpus(count: number): Sample[] {
  return fc.sample(sample, { seed: 20_261_122, numRuns: count })
}

function chunks(body: string, size: number): string {
  let text = ''
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size)
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
  }
  return text
}

function latin1(array: Uint8Array): string {
  return Buffer.from(array).toString('latin1')
}
