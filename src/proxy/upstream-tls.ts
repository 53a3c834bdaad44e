import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'
import { KeytrailError } from '../errors.ts'
import type { TlsFiles, TlsMaterial } from '../listener/tls-files.ts'

/** TLS towards an https key API. */
export interface UpstreamTls extends TlsFiles {
  /** Asked for by SNI and expected in the certificate; null for the URL's host. */
  readonly serverName: string | null
  /** SHA-256 of public keys (SPKI), base64, of which the key API's own must be one; empty for any. */
  readonly pins: readonly string[]
}

export const NO_UPSTREAM_TLS: UpstreamTls = { cert: null, key: null, ca: null, serverName: null, pins: [] }

/** The name that the certificate of the key API at `url` must have. */
export function expectedName(url: string, { serverName }: UpstreamTls): string {
  if (serverName !== null) return serverName
  const { hostname } = new URL(url)
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Node's settings for connections to the key API. */
export function connectSettings(name: string, { pins }: UpstreamTls, material: TlsMaterial) {
  return {
    ...material,
    minVersion: 'TLSv1.2',
    // RFC 6066 3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(name, certificate) ?? checkPin(pins, certificate),
  } satisfies ConnectionOptions
}

/** Only the server's own certificate counts: in the chain that it sends can stand what nobody has verified. */
function checkPin(pins: readonly string[], { raw }: PeerCertificate): Error | undefined {
  if (pins.length === 0) return undefined
  const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' })
  const found = createHash('sha256').update(spki).digest('base64')
  if (pins.includes(found)) return undefined
  return new KeytrailError(
    'UPSTREAM_PIN',
    `the key API shows a certificate whose public key is ${found}; expected one of upstream.tls.pins: is it the key API?`,
  )
}
