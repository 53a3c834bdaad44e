import { normalizeAddress } from './ip-set.ts'

/** What the first bytes of a connection are, by the PROXY protocol (HAProxy's proxy-protocol.txt, versions 1 and 2). */
export type ProxyHeader =
  /** Not whole yet. */
  | { readonly kind: 'more' }
  /** No header, or one that is not well formed. */
  | { readonly kind: 'refused'; readonly why: string }
  /**
   * Its `length` in bytes, and the client's address in canonical text; '' where the proxy names none (LOCAL, UNKNOWN,
   * UNSPEC, a Unix socket): then it is the proxy's own.
   */
  | { readonly kind: 'header'; readonly length: number; readonly address: string }

/** 2.1: the longest line of version 1, CRLF included. */
const V1_MOST = 107
const V1_START = Buffer.from('PROXY ')

/** 2.2 */
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED = 16

/** Addresses and TLVs of version 2: far beyond what proxies send (2.2 asks receivers to take 520 or more). */
const V2_MOST_REST = 4096

const MORE: ProxyHeader = { kind: 'more' }

/** Reads the header at the start of `bytes`; never looks behind its end. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, V2_START)) return bytes.length < V2_FIXED ? MORE : readV2(bytes)
  if (startsLike(bytes, V1_START)) return readV1(bytes)
  return refused('no PROXY header')
}

/** As much of `start` as has come. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function refused(why: string): ProxyHeader {
  return { kind: 'refused', why }
}

/** 2.1: one line of US-ASCII, one space between its words. */
function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MOST).indexOf('\r\n')
  if (end === -1) return bytes.length < V1_MOST ? MORE : refused('version 1: no end within 107 bytes')
  const length = end + 2
  const [, family, source = '', destination = '', ...ports] = bytes.toString('latin1', 0, end).split(' ')
  // Whatever follows this word must be ignored.
  if (family === 'UNKNOWN') return { kind: 'header', length, address: '' }
  const separator = family === 'TCP4' ? '.' : family === 'TCP6' ? ':' : null
  if (separator === null) return refused('version 1: expected TCP4, TCP6 or UNKNOWN')
  const address = readAddress(source, separator)
  if (address === null || readAddress(destination, separator) === null) {
    return refused('version 1: an address is malformed')
  }
  if (ports.length !== 2 || !ports.every(isPort)) return refused('version 1: expected two ports')
  return { kind: 'header', length, address }
}

/** An address of the family whose separator is given; a zone id has no meaning on another machine. */
function readAddress(text: string, separator: '.' | ':'): string | null {
  if (text.includes('%') || text.includes(':') !== (separator === ':')) return null
  return normalizeAddress(text)
}

function isPort(text: string): boolean {
  const port = Number(text)
  return port >= 0 && port <= 65_535 && String(port) === text
}

/** 2.2: signature, version and command, family and transport, length of the rest; then addresses, then TLVs. */
function readV2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12)
  const rest = bytes.readUInt16BE(14)
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) {
    return refused('version 2: expected LOCAL or PROXY of version 2')
  }
  if (rest > V2_MOST_REST) return refused(`version 2: longer than ${V2_MOST_REST} bytes`)
  const length = V2_FIXED + rest
  const family = bytes.readUInt8(13)
  const needed = V2_ADDRESSES.get(family)
  // LOCAL: the proxy speaks for itself, whatever addresses stand there (2.2).
  const local = versionAndCommand === 0x20
  if (!local && needed === undefined) return refused('version 2: expected TCP, a Unix stream or UNSPEC')
  if (!local && rest < (needed ?? 0)) return refused('version 2: too short for its addresses')
  if (bytes.length < length) return MORE
  return { kind: 'header', length, address: local ? '' : sourceOf(bytes, family) }
}

/** Bytes of both addresses and ports, by family and transport. */
const V2_ADDRESSES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x21, 36],
  [0x31, 216],
])

function sourceOf(bytes: Buffer, family: number): string {
  if (family === 0x11) return bytes.subarray(V2_FIXED, V2_FIXED + 4).join('.')
  if (family !== 0x21) return ''
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(V2_FIXED + 2 * i).toString(16))
  return normalizeAddress(groups.join(':')) ?? ''
}
