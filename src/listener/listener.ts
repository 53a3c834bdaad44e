import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { KeytrailError } from '../errors.ts'
import type { Channel } from '../record.ts'
import { Connection, type ListenerEvents } from './connection.ts'

export interface ListenerOptions {
  readonly name: string
  readonly bind: { readonly host: string; readonly port: number }
  readonly channel: Channel
  readonly limits: ListenerLimits
}

/** Bytes, counts and ms. */
export interface ListenerLimits {
  readonly header: number
  readonly connections: number
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly idleTimeout: number
}

/** A socket that key-API traffic is accepted on, behind Node's strict HTTP/1.1 parser. */
export class Listener {
  readonly name: string
  readonly #server: Server
  readonly #bind: ListenerOptions['bind']
  readonly #connections = new Map<Socket, Connection>()
  #dropped = 0

  constructor({ name, bind, limits }: ListenerOptions, events: ListenerEvents) {
    this.name = name
    this.#bind = bind
    this.#server = createServer({
      insecureHTTPParser: false,
      // A request without Host is refused by the exchange, so that it is recorded too.
      requireHostHeader: false,
      maxHeaderSize: limits.header,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.idleTimeout,
      connectionsCheckingInterval: Math.min(limits.headersTimeout, 1000),
      noDelay: true,
    })
    const server = this.#server
    server.maxConnections = limits.connections
    // Every header counts: the size of all of them is bounded, and none may be cut off unseen.
    server.maxHeadersCount = 0
    server.on('connection', (socket) => {
      this.#connections.set(socket, new Connection(socket, events))
      socket.once('close', () => this.#connections.delete(socket))
    })
    server.on('request', (request, response) => this.#receive(request, response, false))
    server.on('checkContinue', (request, response) => this.#receive(request, response, true))
    server.on('checkExpectation', (request, response) => this.#receive(request, response, false))
    // RFC 9112 2.2, 11: what can't be parsed for certain is refused, ends its connection, and is recorded.
    server.on('clientError', (error, socket) => this.#connections.get(socket as Socket)?.fail(error))
    // A tunnel through the key API is none of its calls (RFC 9110 9.3.6).
    server.on('connect', (_request, socket) => {
      socket.on('error', () => socket.destroy())
      this.#connections.get(socket as Socket)?.refuse({ status: 501, reason: 'connect-method' })
    })
    server.on('drop', () => this.#dropped++)
  }

  /** Connections refused because there were too many. */
  get dropped(): number {
    return this.#dropped
  }

  /** Starts to accept; returns the URL. Throws `ADDRESS_IN_USE` or `ADDRESS_UNAVAILABLE`. */
  listen(): Promise<string> {
    const { host, port } = this.#bind
    return new Promise((done, fail) => {
      // Also for later: an accept that fails must not end the process.
      this.#server.on('error', (error: NodeJS.ErrnoException) =>
        fail(listenError(this.name, this.#bind, error)),
      )
      this.#server.listen({ host, port }, () => {
        const { address, port: actual } = this.#server.address() as AddressInfo
        done(`http://${address.includes(':') ? `[${address}]` : address}:${actual}`)
      })
    })
  }

  /** Accepts nothing more and lets what is under way finish for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return
    // Not the HTTP server's own close: it cuts off answers that are still being sent.
    const closed = new Promise((done) => NetServer.prototype.close.call(this.#server, done))
    for (const connection of this.#connections.values()) connection.close()
    const force = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(force)
  }

  #receive(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    this.#connections.get(request.socket)?.receive(request, response, expectsContinue)
  }
}

function listenError(
  name: string,
  { host, port }: ListenerOptions['bind'],
  cause: NodeJS.ErrnoException,
): KeytrailError {
  const inUse = cause.code === 'EADDRINUSE'
  const advice = inUse
    ? 'is in use: stop what listens there, or change the bind'
    : 'cannot be bound: check host and rights'
  return new KeytrailError(
    inUse ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE',
    `listener ${name}: ${host}:${port} ${advice} (${cause.code})`,
    { cause },
  )
}
