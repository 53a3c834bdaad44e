import { findHeader } from './header.ts'

/** Longer bodies are read as if they held no field: parsing must not hold up the event loop. In bytes. */
export const longestJson = 1_048_576

/**
 * The parsed body; undefined where it is no JSON object or array. Never throws. The first byte is looked at
 * before parsing, for an exception costs more than the parse of a usual body.
 */
export function parseJson(body: Uint8Array | null): unknown {
  if (body === null || body.byteLength > longestJson) return undefined
  const start = firstByte(body)
  const first = body[start]
  if (first !== 0x7b && first !== 0x5b) return undefined
  // Nearly all bodies are Buffers: another view of the bytes would cost as much as reading the text.
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const text = bytes.toString('utf8', start)
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Index of the first byte behind a byte order mark and white space (RFC 8259 sections 2 and 8.1). */
function firstByte(body: Uint8Array): number {
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1
  return at
}

/** Whether the bytes can hold a JSON array at all: its bracket has no other spelling. */
export function mayHoldArray(body: Uint8Array): boolean {
  return body.indexOf(0x5b) >= 0
}

/**
 * Whether an answer's headers leave it open that its body is JSON: only a Content-Type of another kind excludes
 * it. Plain text stays in, for that is how several services label JSON errors.
 */
export function mayBeJson(rawHeaders: readonly string[]): boolean {
  const at = findHeader(rawHeaders, 'content-type', 0)
  if (at < 0) return true
  const type = rawHeaders[at] ?? ''
  if (type === '' || type.startsWith('application/json')) return true
  const lower = type.toLowerCase()
  return lower.includes('json') || lower.startsWith('text/plain')
}
