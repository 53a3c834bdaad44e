import type { Socket } from 'node:net'
import { readProxyHeader } from './proxy-protocol.ts'

/** How the wait for a PROXY header ends; `silent`: the peer went away without a byte, as a TCP health check does. */
export type ProxyHeaderEnd =
  | { readonly kind: 'header'; readonly address: string; readonly length: number }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silent' }

/**
 * Takes the PROXY header off a fresh connection and calls `done` once. Every byte behind it is left in the socket,
 * for whoever reads next. The deadline is the caller's: what it destroys ends as `refused` or `silent`.
 */
export function takeProxyHeader(socket: Socket, done: (end: ProxyHeaderEnd) => void): void {
  let received: Buffer = Buffer.alloc(0)
  const end = (result: ProxyHeaderEnd): void => {
    socket.off('readable', onReadable)
    socket.off('end', onGone)
    socket.off('close', onGone)
    done(result)
  }
  const onGone = (): void => {
    end(received.length === 0 ? { kind: 'silent' } : { kind: 'refused', why: 'the header is not whole' })
  }
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const header = readProxyHeader(received)
    if (header.kind === 'more') return
    if (header.kind === 'header' && header.length < received.length) {
      socket.unshift(received.subarray(header.length))
    }
    end(header)
  }
  socket.on('readable', onReadable)
  socket.on('end', onGone)
  socket.on('close', onGone)
}
