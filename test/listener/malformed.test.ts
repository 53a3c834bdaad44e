import t from 'tap'
import { malformation } from '../../src/listener/malformed.ts'

function failing(code?: string): NodeJS.ErrnoException {
  return Object.assign(new Error('x'), code === undefined ? {} : { code })
}

t.test('what the parser refuses has a status and a word', (t) => {
  const cases: Record<string, object> = {
    HPE_HEADER_OVERFLOW: { status: 431, reason: 'headers-too-large' },
    ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'request-timeout' },
    HPE_INVALID_METHOD: { status: 400, reason: 'malformed' },
    HPE_INVALID_CHUNK_SIZE: { status: 400, reason: 'malformed' },
    HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 400, reason: 'malformed' },
    HPE_SOMETHING_NEW: { status: 400, reason: 'malformed' },
  }
  for (const [code, found] of Object.entries(cases)) t.strictSame(malformation(failing(code)), found, code)
  t.end()
})

t.test('a connection that ends is no request', (t) => {
  for (const code of ['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE', 'EHOSTUNREACH', undefined]) {
    t.equal(malformation(failing(code)), null, `${code}`)
  }
  t.end()
})
