import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What a raw upstream got on one connection. */
export interface RawConnection {
  /** All bytes received so far, as latin1. */
  received: string
  readonly socket: Socket
}

export interface RawUpstream {
  readonly url: string
  readonly connections: RawConnection[]
}

/**
 * A TCP server that shows every byte it gets. `onData` is called with each connection when more has come, and
 * answers as it likes. Closed with the test.
 */
export async function rawUpstream(
  t: Test,
  onData: (connection: RawConnection) => void,
): Promise<RawUpstream> {
  const connections: RawConnection[] = []
  const server = createServer((socket) => {
    const connection: RawConnection = { received: '', socket }
    connections.push(connection)
    socket.on('data', (chunk) => {
      connection.received += chunk.toString('latin1')
      onData(connection)
    })
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, connections }
}
