import type { Server } from 'node:http'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import type { Bind } from '../listener/bind.ts'

/** The URL a listening server is reached at. */
export function urlOf(server: Server, scheme: 'http' | 'https'): string {
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new KeytrailError('INTERNAL', 'the history server listens on no port')
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${scheme}://${host}:${address.port}`
}

/** What an operator is told when listening failed. */
export function listenError(bind: Bind, cause: unknown): KeytrailError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an unknown error'
  const code: ErrorCode = reason === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE'
  const message = `history.bind: can't listen on ${bind.host} port ${bind.port} (${reason}); choose another`
  return new KeytrailError(code, message, { cause })
}
