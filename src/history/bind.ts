import type { Server } from 'node:http'
import { isIPv4 } from 'node:net'
import { type ErrorCode, KeytrailError } from '../errors.ts'

/** Where to listen. */
export interface Bind {
  /** An IP address (IPv6 without brackets) or a name. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** The URL a listening server is reached at. */
export function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new KeytrailError('INTERNAL', 'the history server listens on no port')
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}

/** What an operator is told when listening failed. */
export function listenError(bind: Bind, cause: unknown): KeytrailError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an unknown error'
  const code: ErrorCode = reason === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE'
  const message = `history.bind: can't listen on ${bind.host} port ${bind.port} (${reason}); choose another`
  return new KeytrailError(code, message, { cause })
}
