/** What an upstream answers with, as bytes, and what must come of it; each on a connection that ends there. */
export interface BadAnswer {
  readonly name: string
  readonly bytes: string
  /** The status that the client gets. */
  readonly status: number
  readonly outcome: 'success' | 'unknown'
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

function broken(name: string, bytes: string): BadAnswer {
  return { name, bytes, status: 502, outcome: 'unknown' }
}

/** The first is taken for the answer, and whatever follows it for nobody's. */
function whole(name: string, bytes: string): BadAnswer {
  return { name, bytes, status: 200, outcome: 'success' }
}

export const BAD_ANSWERS: readonly BadAnswer[] = [
  broken('answer: none', ''),
  broken('answer: no HTTP', 'hello\r\n\r\n'),
  broken('answer: HTTP/0.9', '{}'),
  broken('answer: half a head', 'HTTP/1.1 200 OK\r\nContent-'),
  broken('answer: half a body', OK.slice(0, -1)),
  broken('answer: a status of two digits', OK.replace('200', '20')),
  broken('answer: length and chunks', OK.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')),
  broken('answer: two unequal lengths', OK.replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\n')),
  broken(
    'answer: another coding',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ),
  broken('answer: a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'),
  broken('answer: bare CR in a header', OK.replace('\r\n\r\n', '\r\nX: a\rb\r\n\r\n')),
  broken('answer: NUL in a header', OK.replace('\r\n\r\n', '\r\nX: a\0b\r\n\r\n')),
  broken('answer: a folded header', OK.replace('\r\n\r\n', '\r\nX: a\r\n b\r\n\r\n')),
  broken('answer: endless headers', `HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(100)}`),
  broken(
    'answer: 101 without Upgrade',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  ),
  whole('answer: another one behind it', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond`),
  whole('answer: bytes behind it', `${OK}garbage`),
]
