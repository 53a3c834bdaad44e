import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { KeytrailError } from '../errors.ts'
import type { Channel } from '../record.ts'
import { Connection, type ListenerEvents } from './connection.ts'
import { Front, type FrontRefusal, type Peer } from './front.ts'
import { ParserSeat } from './parser-seat.ts'
import type { ServerTls } from './tls.ts'
import { readTlsFiles } from './tls-files.ts'
import { TlsReload } from './tls-reload.ts'

export interface ListenerOptions {
  readonly name: string
  readonly bind: { readonly host: string; readonly port: number }
  readonly channel: Channel
  readonly limits: ListenerLimits
  /** null (the default) for none. */
  readonly tls?: ServerTls | null
  /** CIDR blocks of peers that send a PROXY header. */
  readonly proxyProtocol?: readonly string[]
}

/** What a listener tells beside requests. */
export interface ListenerNotices {
  /** A limit was hit, and a connection ended for it. */
  onLimit(limit: 'limits.connections' | 'limits.pipelined' | 'limits.handshakeTimeout'): void
  /** A connection was ended before it could carry a request. `address` is the socket's peer. */
  onRefused(refusal: FrontRefusal, address: string, why: string): void
  /** New certificates are in use. */
  onTlsReloaded(): void
  /** New certificates are of no use: those before stay. */
  onTlsReloadFailed(error: KeytrailError): void
}

const NO_NOTICES: ListenerNotices = {
  onLimit: () => undefined,
  onRefused: () => undefined,
  onTlsReloaded: () => undefined,
  onTlsReloadFailed: () => undefined,
}

/** Bytes, counts and ms. */
export interface ListenerLimits {
  readonly header: number
  readonly connections: number
  /** Requests of one connection that may wait for those before them. */
  readonly pipelined: number
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly idleTimeout: number
  readonly handshakeTimeout: number
}

/** A socket that key-API traffic is accepted on, behind Node's strict HTTP/1.1 parser. */
export class Listener {
  readonly name: string
  readonly #bind: ListenerOptions['bind']
  readonly #front: Front
  /** Parses what comes behind the front; it never listens itself. */
  readonly #server: Server
  readonly #events: ListenerEvents
  readonly #notices: ListenerNotices
  readonly #mostWaiting: number
  readonly #tls: TlsReload | null
  readonly #connections = new Map<Socket, Connection>()
  readonly #refused = new Map<FrontRefusal, number>()
  #closing = false

  /** Throws `TLS_INVALID`. */
  constructor(options: ListenerOptions, events: ListenerEvents, notices = NO_NOTICES) {
    const { name, bind, limits, tls = null, proxyProtocol = [] } = options
    this.name = name
    this.#bind = bind
    this.#events = events
    this.#notices = notices
    this.#mostWaiting = limits.pipelined
    this.#server = this.#createParser(limits)
    const material = tls === null ? null : readTlsFiles(tls)
    const { connections, handshakeTimeout } = limits
    this.#front = new Front(
      {
        ...{ connections, handshakeTimeout, proxyProtocol },
        tls: tls === null || material === null ? null : { settings: tls, material },
      },
      {
        onConnection: (socket, peer, bytesBefore) => this.#connect(socket, peer, bytesBefore),
        onDrop: () => notices.onLimit('limits.connections'),
        onRefused: (refusal, address, why) => this.#refuse(refusal, address, why),
      },
    )
    this.#tls =
      tls === null || material === null
        ? null
        : new TlsReload(tls, material, {
            use: (fresh) => this.#front.useCertificates(fresh),
            reloaded: () => notices.onTlsReloaded(),
            failed: (error) => notices.onTlsReloadFailed(error),
          })
  }

  /** Connections ended before they could carry a request, by cause. */
  get refused(): ReadonlyMap<FrontRefusal, number> {
    return this.#refused
  }

  /** Starts to accept; returns the URL. Throws `ADDRESS_IN_USE` or `ADDRESS_UNAVAILABLE`. */
  listen(): Promise<string> {
    const { host, port } = this.#bind
    const { server } = this.#front
    return new Promise((done, fail) => {
      // Also for later: an accept that fails must not end the process.
      server.on('error', (error: NodeJS.ErrnoException) => fail(listenError(this.name, this.#bind, error)))
      server.listen({ host, port }, () => {
        // The HTTP server looks after its timeouts from this event on.
        this.#server.emit('listening')
        const { address, port: actual } = server.address() as AddressInfo
        const scheme = this.#tls === null ? 'http' : 'https'
        done(`${scheme}://${address.includes(':') ? `[${address}]` : address}:${actual}`)
      })
    })
  }

  /** Reads the certificates again; what comes of it is noticed. */
  reloadTls(): void {
    this.#tls?.reload()
  }

  /** Accepts nothing more and lets what is under way finish for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#tls?.close()
    const { server } = this.#front
    if (!server.listening) return
    this.#closing = true
    const closed = new Promise((done) => server.close(done))
    this.#front.closeOpening()
    for (const connection of this.#connections.values()) connection.close()
    const force = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy()
    }, graceMs)
    await closed
    clearTimeout(force)
    // Not before: it cuts off answers that are still being sent.
    this.#server.close(() => undefined)
  }

  #createParser(limits: ListenerLimits): Server {
    const server = createServer({
      insecureHTTPParser: false,
      // A request without Host is refused by the exchange, so that it is recorded too.
      requireHostHeader: false,
      maxHeaderSize: limits.header,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.idleTimeout,
      connectionsCheckingInterval: Math.min(limits.headersTimeout, 1000),
    })
    // Every header counts: the size of all of them is bounded, and none may be cut off unseen.
    server.maxHeadersCount = 0
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
    return server
  }

  #connect(socket: Socket, peer: Peer, bytesBefore: number): void {
    if (this.#closing) {
      socket.destroy()
      return
    }
    const seat = new ParserSeat(this.#server, socket)
    const options = {
      ...{ peer, bytesBefore, mostWaiting: this.#mostWaiting },
      onFlood: () => this.#notices.onLimit('limits.pipelined'),
    }
    this.#connections.set(socket, new Connection(socket, seat, options, this.#events))
    socket.once('close', () => this.#connections.delete(socket))
    seat.take()
  }

  #refuse(refusal: FrontRefusal, address: string, why: string): void {
    this.#refused.set(refusal, (this.#refused.get(refusal) ?? 0) + 1)
    if (refusal === 'handshake-timeout') this.#notices.onLimit('limits.handshakeTimeout')
    this.#notices.onRefused(refusal, address, why)
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
