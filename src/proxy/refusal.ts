import type { IncomingMessage } from 'node:http'
import type { Operation, Refusal } from '../dialect/dialect.ts'
import { isForeign } from '../listener/verb.ts'
import type { ProxyLimits } from './context.ts'
import type { ForwardHeaders } from './forward-headers.ts'

/** Why a request must not be forwarded, whatever the acl says; null where it may. */
export function requestRefusal(
  { method = '', url = '', httpVersion }: IncomingMessage,
  { refusal, key, otherKey, tunnel }: Operation,
  { hosts, chunked, ambiguous, contentLength, upgrade }: ForwardHeaders,
  { target, keyId }: ProxyLimits,
): Refusal | null {
  if (httpVersion !== '1.1' && (httpVersion !== '1.0' || method === '' || isForeign(method)))
    return { status: 400, reason: 'http-version' }
  // RFC 9112 6.1: HTTP/1.0 knows no chunks, so whoever sent them may have meant another end.
  if (ambiguous || (chunked && httpVersion === '1.0')) return { status: 400, reason: 'ambiguous-framing' }
  if (refusal !== null) return refusal
  if (url.length > target) return { status: 414, reason: 'target-too-long' }
  if (Buffer.byteLength(key) > keyId || Buffer.byteLength(otherKey) > keyId)
    return { status: 400, reason: 'key-too-long' }
  // RFC 9112 3.2: a request without Host (but for HTTP/1.0), or with two, could be meant for another server.
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return { status: 400, reason: 'ambiguous-host' }
  if (!asksForTunnel(upgrade, httpVersion)) return null
  if (!tunnel) return { status: 403, reason: 'upgrade-refused' }
  const isPlain = method === 'GET' && !chunked && contentLength <= 0
  return isPlain && upgrade.toLowerCase() === 'websocket'
    ? null
    : { status: 400, reason: 'ambiguous-upgrade' }
}

/**
 * Whether the connection is to become a tunnel. An offer of HTTP/2 is no more than that, and is ignored: some clients
 * make it with every request, and none goes upstream (RFC 9113 has dropped it, RFC 9110 7.8 lets a server ignore it).
 */
export function asksForTunnel(upgrade: string, httpVersion: string): boolean {
  return upgrade !== '' && httpVersion === '1.1' && upgrade.toLowerCase() !== 'h2c'
}
