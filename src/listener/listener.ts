import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { KeytrailError } from '../errors.ts'
import type { Channel } from '../record.ts'
import { type Malformation, malformation } from './malformed.ts'

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

/** Body of an answer of the sidecar's own. */
interface Content {
  readonly contentType: string
  readonly body: string
}

/** What a listener hands on. */
export interface ListenerEvents {
  /** `expectsContinue`: the client waits for 100 Continue (RFC 9110 10.1.1). */
  onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void
  /** The parser refused what came from `peer`; `answer` is called with what to say, once that is recorded. */
  onMalformed(peer: string, found: Malformation, answer: (content: Content) => void): void
}

/** A socket that key-API traffic is accepted on, behind Node's strict HTTP/1.1 parser. */
export class Listener {
  readonly name: string
  readonly #server: Server
  readonly #bind: ListenerOptions['bind']
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
    server.on('request', (request, response) => events.onRequest(request, response, false))
    server.on('checkContinue', (request, response) => events.onRequest(request, response, true))
    server.on('checkExpectation', (request, response) => events.onRequest(request, response, false))
    server.on('clientError', (error, socket) => refuseMalformed(error, socket as Socket, events))
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
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
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
    const closed = new Promise((done) => this.#server.close(done))
    this.#server.closeIdleConnections()
    const force = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(force)
  }
}

/** RFC 9112 2.2, 11: what can't be parsed for certain gets 400 and the end of its connection, and is recorded. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket, events: ListenerEvents): void {
  const found = malformation(error)
  if (found === null) {
    socket.destroy()
    return
  }
  socket.pause()
  events.onMalformed(socket.remoteAddress ?? '', found, ({ contentType, body }) => {
    if (!socket.writable) {
      socket.destroy()
      return
    }
    const head = [
      `HTTP/1.1 ${found.status} ${STATUS_TEXT[found.status] ?? 'Bad Request'}`,
      `Content-Type: ${contentType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
    socket.resume()
  })
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
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
