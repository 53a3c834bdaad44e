import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'

/** A TLS connection to `url` that has done its handshake; rejects where that fails. Cut when the test ends. */
export async function connectTls(t: Test, url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), ...options })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  socket.on('error', () => undefined)
  return socket
}

/** Sends `request`, and resolves with all that comes back until the other side ends the connection. */
export async function exchangeOn(socket: Socket, request: string | Buffer): Promise<string> {
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  // Not events.once(): that rejects on the error of a refused handshake.
  const closed = new Promise((done) => socket.once('close', done))
  socket.write(request)
  await closed
  return received
}
