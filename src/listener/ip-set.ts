import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Addresses given as CIDR blocks. */
export interface IpSet {
  /** Whether the textual address lies in one of the blocks; false for what is no address. */
  has(address: string): boolean
}

/** Longest text looked at: INET6_ADDRSTRLEN (46) and a zone id of the length of an interface name. */
const MAX_TEXT = 64

/** IPv4-mapped IPv6 (RFC 4291 2.5.5.2) is the IPv4 address it carries. */
const MAPPED_PREFIX = 96

/** Answers kept per set; nearly every request comes from one of a few load balancers. */
const MEMO_SIZE = 256

/**
 * Canonical text of an address: dotted IPv4, or RFC 5952 IPv6. A zone id is dropped and IPv4-mapped IPv6 becomes
 * IPv4, so that one client has one spelling. null for anything else (octal or shortened IPv4 included).
 */
export function normalizeAddress(text: string): string | null {
  const address = parseAddress(text)
  return address === null ? null : address.toString()
}

/**
 * Canonical text of a CIDR block, or of a single address as a block of one. null where it is neither, or where
 * host bits are set: `10.1.2.3/8` is as likely a mistyped address as a block of sixteen million.
 */
export function normalizeCidr(text: string): string | null {
  const block = parseCidr(text)
  return block === null ? null : `${block[0].toString()}/${block[1]}`
}

/** A set of blocks, parsed once. Throws a TypeError for what {@link normalizeCidr} doesn't take. */
export function createIpSet(cidrs: readonly string[]): IpSet {
  const blocks = cidrs.map((cidr) => {
    const block = parseCidr(cidr)
    if (block === null) throw new TypeError(`expected a CIDR block, found ${JSON.stringify(cidr)}`)
    return block
  })
  const memo = new Map<string, boolean>()
  return {
    has(text) {
      if (blocks.length === 0 || text.length > MAX_TEXT) return false
      const known = memo.get(text)
      if (known !== undefined) return known
      const address = parseAddress(text)
      const found = address !== null && contains(blocks, address)
      if (memo.size >= MEMO_SIZE) memo.clear()
      memo.set(text, found)
      return found
    },
  }
}

function contains(blocks: readonly [Address, number][], address: Address): boolean {
  for (const block of blocks) {
    if (block[0].kind() === address.kind() && address.match(block)) return true
  }
  return false
}

function parseAddress(text: string): Address | null {
  // node:net is the strict one: ipaddr.js also takes 0x7f.1 and 127.1
  if (text.length > MAX_TEXT) return null
  const family = isIP(text)
  if (family === 0) return null
  if (family === 4) return ipaddr.IPv4.parse(text)
  const zone = text.indexOf('%')
  const address = ipaddr.IPv6.parse(zone === -1 ? text : text.slice(0, zone))
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function parseCidr(text: string): [Address, number] | null {
  const slash = text.indexOf('/')
  const base = slash === -1 ? text : text.slice(0, slash)
  const address = base.includes('%') ? null : parseAddress(base)
  if (address === null) return null
  const width = address.kind() === 'ipv4' ? 32 : 128
  let prefix = slash === -1 ? width : parsePrefix(text.slice(slash + 1))
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8
  if (slash !== -1 && width === 32 && base.includes(':')) prefix -= MAPPED_PREFIX
  if (!(prefix >= 0 && prefix <= width) || hasHostBits(address.toByteArray(), prefix)) return null
  return [address, prefix]
}

/** NaN for what is no decimal number of at most three digits. */
function parsePrefix(text: string): number {
  return /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : Number.NaN
}

function hasHostBits(bytes: readonly number[], prefix: number): boolean {
  return bytes.some((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8))
    return (byte & (0xff >> kept)) !== 0
  })
}
