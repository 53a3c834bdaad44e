import type { TlsOptions as NodeTlsOptions, TLSSocket } from 'node:tls'
import { formatSubject } from './certificate-subject.ts'
import type { TlsFiles, TlsMaterial } from './tls-files.ts'

/** TLS of a socket that accepts connections. */
export interface ServerTls extends TlsFiles {
  readonly cert: string
  readonly key: string
  /** Whether clients are asked for a certificate, or refused without one; then `ca` is there. */
  readonly clientCertificate: 'none' | 'optional' | 'required'
}

/**
 * Node's settings: TLS 1.2 and 1.3, HTTP/1.1 by ALPN (RFC 7301; who offers only others is refused with its
 * `no_application_protocol`), client certificates as configured.
 */
export function serverSettings(
  { clientCertificate }: Pick<ServerTls, 'clientCertificate'>,
  material: TlsMaterial,
): NodeTlsOptions {
  return {
    ...material,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    requestCert: clientCertificate !== 'none',
    // Looked at once the handshake is done ({@link clientSubject}), so that it can be told what was wrong.
    rejectUnauthorized: false,
  }
}

/**
 * The subject of the client's verified certificate ({@link formatSubject}), '' without one. null for a certificate
 * that was shown but does not verify, and for none where one is required: its client is nobody's.
 */
export function clientSubject(
  socket: TLSSocket,
  { clientCertificate }: Pick<ServerTls, 'clientCertificate'>,
): string | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return clientCertificate === 'required' ? null : ''
  return socket.authorized ? formatSubject(certificate.subject) : null
}
