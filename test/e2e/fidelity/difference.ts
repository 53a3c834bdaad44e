import type { HttpMessage } from '../../helper/http-message.ts'

/** RFC 9110 7.6.1; what Connection names comes to these. */
const HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']

/** Methods that are expected to have content: for these undici tells a length of 0, for others never (RFC 9110 8.6). */
const WITH_CONTENT = ['POST', 'PUT', 'PATCH', 'PROPFIND', 'PROPPATCH', 'QUERY']

/** What of a message must arrive; hop-by-hop headers are not of it. */
interface EndToEnd {
  readonly startLine: string
  /** Names and values, but for those that undici writes itself. */
  readonly headers: readonly string[]
  readonly host: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

/** How `received` differs from `sent`; null where it doesn't. */
export function difference(sent: HttpMessage, received: HttpMessage): string | null {
  // RFC 9110 6.6.2: what doesn't come in chunks has no trailers to announce, and Node's writer refuses to.
  const unchunked =
    sent.startLine.startsWith('HTTP/') &&
    [sent, received].some((message) => valuesOf(message, 'transfer-encoding').length === 0)
  const optional = unchunked ? ['trailer'] : []
  const one = endToEnd(sent, optional)
  const other = endToEnd(received, optional)
  for (const part of ['startLine', 'headers', 'host', 'body', 'trailers'] as const) {
    const [before, after] = [one[part], other[part]].map((value) => JSON.stringify(value))
    if (before !== after) return `${part}: ${before?.slice(0, 400)} -> ${after?.slice(0, 400)}`
  }
  return lengthDifference(sent, received)
}

/** A length that was told is told again, and no wrong one. */
function lengthDifference(sent: HttpMessage, received: HttpMessage): string | null {
  const before = valuesOf(sent, 'content-length')
  const after = valuesOf(received, 'content-length')
  const method = sent.startLine.split(' ')[0] ?? ''
  const isChunked = valuesOf(sent, 'transfer-encoding').length > 0
  const isEmpty = before.length === 0 ? !isChunked : before[0] === '0'
  const zero = WITH_CONTENT.includes(method) ? ['0'] : []
  const expected = isChunked ? after : isEmpty && !method.startsWith('HTTP/') ? zero : before
  return expected.join() === after.join() && after.every((text) => text === String(Number(text)))
    ? null
    : `length: ${before} -> ${after}`
}

function endToEnd(message: HttpMessage, optional: readonly string[]): EndToEnd {
  const named = valuesOf(message, 'connection').flatMap((value) => value.toLowerCase().split(/ *, */))
  const dropped = new Set([...HOP, ...named, 'content-length', 'host', ...optional])
  return {
    startLine: message.startLine,
    headers: message.headers.filter(([name]) => !dropped.has(name.toLowerCase())).flat(),
    host: valuesOf(message, 'host'),
    body: message.body,
    trailers: message.trailers.flat(),
  }
}

function valuesOf({ headers }: HttpMessage, wanted: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
}
