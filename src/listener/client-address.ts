import type { AddressSource } from '../record.ts'
import { type HopReader, readForwardedForHop, readForwardedHop } from './forwarded.ts'
import { createIpSet, type IpSet, normalizeAddress } from './ip-set.ts'

/** Who is at the other end, as far as it can be known. */
export interface ClientAddress {
  /** Canonical text ({@link normalizeAddress}); '' for a peer without an address. */
  readonly address: string
  readonly source: AddressSource
}

/**
 * The header that the trusted proxies write. `either` reads Forwarded only where there is no X-Forwarded-For at
 * all; a client can add the header that its proxy doesn't write, so name the one it does.
 */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded' | 'either'

interface ClientAddressOptions {
  /** CIDR blocks; nobody's header is believed without them. */
  readonly trustedProxies: readonly string[]
  /** `either` by default. */
  readonly forwardedHeader?: ForwardedHeader
}

/** `peer` is the connection's other end, `rawHeaders` name, value, name, value … as received. Never throws. */
export type ReadClientAddress = (peer: ClientAddress, rawHeaders: readonly string[]) => ClientAddress

/** Hops looked at, from the right. A chain of trusted proxies is short; a longer one was made up. */
const MAX_HOPS = 32

/** The client as its socket tells; `remoteAddress` is Node's. */
export function socketAddress(remoteAddress: string | undefined): ClientAddress {
  return { address: normalizeAddress(remoteAddress ?? '') ?? '', source: 'socket' }
}

/**
 * Makes the function that finds a request's client: the peer, unless that is a trusted proxy; then what
 * its header says, read from the right as long as the hops are trusted proxies too. The first hop that is none
 * is the client; whatever stands left of it is the client's own claim. A hop that can't be read ends the walk
 * at the last one that could.
 */
export function createClientAddress(options: ClientAddressOptions): ReadClientAddress {
  if (options.trustedProxies.length === 0) return (peer) => peer
  const trusted = createIpSet(options.trustedProxies)
  const header = options.forwardedHeader ?? 'either'
  return (peer, rawHeaders) => {
    if (!trusted.has(peer.address)) return peer
    const address = readForwardedChain(rawHeaders, header, trusted)
    return address === '' ? peer : { address, source: 'forwarded' }
  }
}

function readForwardedChain(rawHeaders: readonly string[], header: ForwardedHeader, trusted: IpSet): string {
  const last = header === 'forwarded' ? -1 : lastLine(rawHeaders, 'x-forwarded-for', rawHeaders.length)
  if (last !== -1) return walk(rawHeaders, last, 'x-forwarded-for', readForwardedForHop, trusted)
  if (header === 'x-forwarded-for') return ''
  const line = lastLine(rawHeaders, 'forwarded', rawHeaders.length)
  return line === -1 ? '' : walk(rawHeaders, line, 'forwarded', readForwardedHop, trusted)
}

/** Several lines of one header are one list, in their order (RFC 9110 5.3): the last line holds the newest hop. */
function walk(
  rawHeaders: readonly string[],
  lastName: number,
  name: string,
  readHop: HopReader,
  trusted: IpSet,
): string {
  let address = ''
  let hops = 0
  for (let line = lastName; line !== -1; line = lastLine(rawHeaders, name, line)) {
    const list = rawHeaders[line + 1] ?? ''
    let end = list.length
    while (end >= 0) {
      const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1)
      const hop = readHop(list.slice(comma + 1, end))
      if (hop === null) return address
      address = hop
      hops++
      if (hops === MAX_HOPS || !trusted.has(hop)) return address
      end = comma
    }
  }
  return address
}

/** Index of the last header of that (lower-case) name before `before`; -1 without one. */
function lastLine(rawHeaders: readonly string[], name: string, before: number): number {
  for (let index = before - 2; index >= 0; index -= 2) {
    const found = rawHeaders[index]
    if (found !== undefined && found.length === name.length && found.toLowerCase() === name) return index
  }
  return -1
}
