import { createIpSet, normalizeAddress } from './ip-set.ts'

/** Where to listen. */
export interface Bind {
  /** An address in canonical text, or a host name. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

const LOOPBACK = createIpSet(['127.0.0.0/8', '::1'])

/** RFC 1123 2.1 */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** `host:port`, `1.2.3.4:port` or `[v6]:port`; null for anything else. */
export function parseBind(value: unknown): Bind | null {
  if (typeof value !== 'string') return null
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  const host = match?.[1] === undefined ? parseHost(match?.[2] ?? '') : parseBracketed(match[1])
  return host !== null && port <= 65535 ? { host, port } : null
}

/** The text that {@link parseBind} reads. */
export function formatBind({ host, port }: Bind): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether only programs of the same machine can reach it. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || LOOPBACK.has(host)
}

function parseHost(text: string): string | null {
  const address = normalizeAddress(text)
  if (address !== null) return address
  // 10.0.0.256 is no host name but a mistyped address
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text) ? text : null
}

function parseBracketed(text: string): string | null {
  // a zone id says on which interface to listen, so it stays
  const zone = text.indexOf('%')
  const address = normalizeAddress(text)
  if (address === null || !text.includes(':')) return null
  return zone === -1 ? address : `${address}${text.slice(zone)}`
}
