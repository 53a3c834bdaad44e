import type { Server } from 'node:http'
import type { Socket } from 'node:net'

type Listener = (...values: unknown[]) => void

/** The events that Node's HTTP server listens to on a connection. */
const EVENTS = ['data', 'end', 'close', 'error', 'drain', 'timeout', 'pause', 'resume'] as const

/**
 * Where Node's parser sits on a connection. Once it has refused something it reads nothing ever again, so that a
 * connection which is to go on needs another one.
 */
export class ParserSeat {
  readonly #server: Server
  readonly #socket: Socket
  /** What Node put on the socket with the parser, by event. */
  #listeners: Listener[][] = []

  constructor(server: Server, socket: Socket) {
    this.#server = server
    this.#socket = socket
  }

  /** Puts a parser onto the connection. */
  take(): void {
    const before = EVENTS.map((event) => this.#on(event))
    this.#server.emit('connection', this.#socket)
    this.#listeners = EVENTS.map((event, i) =>
      this.#on(event).filter((listener) => before[i]?.includes(listener) === false),
    )
  }

  /** Takes the parser off and puts another one there. Never to be called by the parser itself. */
  renew(): void {
    this.leave()
    this.take()
  }

  /** Takes the parser off: nobody listens for the socket's data any more. Never to be called by the parser itself. */
  leave(): void {
    const socket = this.#socket
    EVENTS.forEach((event, i) => {
      for (const listener of this.#listeners[i] ?? []) {
        socket.removeListener(event, listener)
        // By this one Node gives the parser back, and with it its deadlines.
        if (event === 'close') listener.call(socket)
      }
    })
    // The idle connection's deadline was the old parser's; the new one knows nothing of it.
    socket.setTimeout(0)
  }

  #on(event: string): Listener[] {
    return this.#socket.listeners(event) as Listener[]
  }
}
