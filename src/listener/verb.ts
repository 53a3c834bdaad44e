import { METHODS } from 'node:http'

/** A request whose method Node's parser does not know. */
export interface Verb {
  readonly method: string
  /** What came behind the method, from its space on. */
  readonly rest: Buffer
}

/** Longest method, in bytes; RFC 9110 names no limit, and no registered one is half as long. */
const MOST = 32

const LF = 0x0a
const SPACE = 0x20
const SLASH = 0x2f

/** Methods by which Node's parser turns to another protocol (RFC 2326 10, RFC 9113 3.4): never guessed at. */
const FOREIGN: ReadonlySet<string> = new Set(
  (
    'DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH PRI ' +
    'CONNECT SOURCE'
  ).split(' '),
)

const PARSED = new Set([...METHODS, ...FOREIGN])

/** Whether the parser takes `method` for another protocol's: RTSP/1.0 and ICE/1.0 look like HTTP/1.0 behind it. */
export function isForeign(method: string): boolean {
  return FOREIGN.has(method)
}

/**
 * The request at which the parser stopped because it does not know its method; null where that isn't certain.
 * `stopped` is where in `packet` the parser stood: behind the longest beginning of a method that it knows. By that
 * the method's first byte is found: it starts the packet or a line, and from there on what the parser has read must
 * be just so long; a path must follow, since nothing else is forwarded. A method that is a known one but for its case could be read as that one, so it is none.
 */
export function unknownVerb(packet: Buffer, stopped: number): Verb | null {
  let start = stopped
  while (start > 0 && stopped - start < MOST && isTokenByte(packet[start - 1])) start--
  if (start > 0 && packet[start - 1] !== LF) return null
  let end = start
  while (end - start <= MOST && isTokenByte(packet[end])) end++
  if (end === start || end - start > MOST || packet[end] !== SPACE || packet[end + 1] !== SLASH) {
    return null
  }
  const method = packet.toString('latin1', start, end)
  if (knownLength(method) !== stopped - start || PARSED.has(method.toUpperCase())) return null
  return { method, rest: packet.subarray(end) }
}

/** How much of `method` is the beginning of one that the parser knows. */
function knownLength(method: string): number {
  let longest = 0
  for (const known of PARSED) {
    let length = longest
    while (length < method.length && known.startsWith(method.slice(0, length + 1))) length++
    if (known.startsWith(method.slice(0, length))) longest = length
  }
  return longest
}

/** RFC 9110 5.6.2. */
function isTokenByte(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x5e && byte <= 0x7a) ||
    "!#$%&'*+-.|~".includes(String.fromCharCode(byte))
  )
}
