import type { Server as HttpServer } from 'node:http'
import { createServer, type Server as HttpsServer, type ServerOptions } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import { clientSubject, type ServerTls, serverSettings } from '../listener/tls.ts'
import type { TlsMaterial } from '../listener/tls-files.ts'

/** TLS of the history's listener. */
export interface HistoryTls {
  readonly settings: ServerTls
  readonly material: TlsMaterial
}

/** Makes the HTTPS server that fastify is to use; clients whose certificate does not do are cut off. */
export function createSecureServer(
  { settings, material }: HistoryTls,
  options: ServerOptions,
  handler: Parameters<typeof createServer>[1],
): HttpsServer {
  const { handshakeTimeout, ...rest } = options
  const server = createServer({ ...rest, ...serverSettings(settings, material), handshakeTimeout }, handler)
  server.on('secureConnection', (socket) => {
    if (clientSubject(socket, settings) === null) socket.destroy()
  })
  // Without this one Node answers in HTTP where there is no TLS yet.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** The certificates of connections to come. */
export function useCertificates(server: HttpServer, settings: ServerTls, material: TlsMaterial): void {
  const secure = server as HttpServer | HttpsServer
  if ('setSecureContext' in secure) secure.setSecureContext(serverSettings(settings, material))
}

/** The subject of the client's verified certificate (RFC 4514); '' without one. */
export function subjectOf({ raw: { socket } }: FastifyRequest): string {
  // Who shows one that does not verify was cut off.
  return socket instanceof TLSSocket ? (clientSubject(socket, { clientCertificate: 'optional' }) ?? '') : ''
}
