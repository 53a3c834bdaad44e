import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { until } from './until.ts'

/** A connection on which a test says what it likes, bit by bit. */
export interface OpenConnection {
  readonly socket: Socket
  /** Sends `text` as latin1. */
  write(text: string): void
  /** All that came back so far, as latin1. */
  readonly received: string
  /** Resolves with all that came back, once that matches `pattern`. */
  receives(pattern: RegExp): Promise<string>
  /** Resolves with all that came back, once the other side has ended the connection. */
  ended(): Promise<string>
}

/** Connects to `url`; the connection is cut when the test ends. */
export async function openConnection(t: Test, url: string): Promise<OpenConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  return {
    socket,
    write: (text) => socket.write(text, 'latin1'),
    get received() {
      return received
    },
    receives: (pattern) => until(() => (pattern.test(received) ? received : null)),
    ended: () => until(() => (socket.closed ? received : null)),
  }
}
