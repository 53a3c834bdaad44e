import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { type ClientAddress, socketAddress } from './client-address.ts'
import { createIpSet, type IpSet } from './ip-set.ts'
import { takeProxyHeader } from './proxy-header.ts'
import { clientSubject, type ServerTls, serverSettings } from './tls.ts'
import type { TlsMaterial } from './tls-files.ts'

/** Who is at the other end of a connection. */
export interface Peer {
  readonly client: ClientAddress
  /** Of its verified certificate; '' without one. */
  readonly certificateSubject: string
}

export interface FrontOptions {
  /** Most connections at a time. */
  readonly connections: number
  /** Until a connection's PROXY header has come and its TLS handshake is done, in ms. */
  readonly handshakeTimeout: number
  /** null for none. */
  readonly tls: { readonly settings: ServerTls; readonly material: TlsMaterial } | null
  /** CIDR blocks of peers that send a PROXY header, all of them and always. */
  readonly proxyProtocol: readonly string[]
}

/** Why a connection was ended before it could carry a request. */
export type FrontRefusal = 'tls-handshake' | 'client-certificate' | 'proxy-header' | 'handshake-timeout'

export interface FrontEvents {
  /** HTTP may begin on `socket`; `bytesBefore` of the bytes it counts as read were none. */
  onConnection(socket: Socket, peer: Peer, bytesBefore: number): void
  /** There were too many. */
  onDrop(): void
  /** `address` is the socket's peer. Not told of who goes away without a byte. */
  onRefused(refusal: FrontRefusal, address: string, why: string): void
}

/** A connection on which HTTP has not begun. */
interface Opening {
  readonly socket: Socket
  readonly deadline: NodeJS.Timeout
  client: ClientAddress
}

/** What stands before the parser: accepts connections, takes off the PROXY header, then TLS. */
export class Front {
  /** The one that listens. */
  readonly server: NetServer
  readonly #options: FrontOptions
  readonly #events: FrontEvents
  readonly #proxies: IpSet
  readonly #tls: TlsServer | null
  readonly #plain: boolean
  /** By their peer's address and port: that is what a TLS socket and the one below it have in common. */
  readonly #opening = new Map<string, Opening>()

  constructor(options: FrontOptions, events: FrontEvents) {
    this.#options = options
    this.#events = events
    this.#proxies = createIpSet(options.proxyProtocol)
    this.#tls = options.tls === null ? null : this.#createTls(options.tls)
    this.#plain = this.#tls === null && options.proxyProtocol.length === 0
    // Half-open as Node's own HTTP server: who has sent all may end its side and wait for the answer.
    this.server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    this.server.maxConnections = options.connections
    this.server.on('drop', () => events.onDrop())
  }

  /** The certificates of connections to come. */
  useCertificates(material: TlsMaterial): void {
    if (this.#tls === null || this.#options.tls === null) return
    this.#tls.setSecureContext(serverSettings(this.#options.tls.settings, material))
  }

  /** Ends what has not begun to speak HTTP. */
  closeOpening(): void {
    for (const { socket } of this.#opening.values()) socket.destroy()
  }

  #createTls({ settings, material }: NonNullable<FrontOptions['tls']>): TlsServer {
    const server = createTlsServer(serverSettings(settings, material), (socket) =>
      this.#secured(socket, settings),
    )
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // Hung up without a word about why: a port scan, a TCP health check.
      if (error.code !== 'ECONNRESET') this.#refuse(socket, 'tls-handshake', error.code ?? error.message)
      socket.destroy()
    })
    return server
  }

  #accept(socket: Socket): void {
    const client = socketAddress(socket.remoteAddress)
    if (this.#plain) {
      this.#events.onConnection(socket, { client, certificateSubject: '' }, 0)
      return
    }
    const opening = this.#open(socket, client)
    if (!this.#proxies.has(client.address)) {
      this.#begin(opening, 0)
      return
    }
    takeProxyHeader(socket, (end) => {
      if (end.kind === 'header') {
        if (end.address !== '') opening.client = { address: end.address, source: 'proxy-protocol' }
        this.#begin(opening, end.length)
        return
      }
      if (end.kind === 'refused') this.#refuse(socket, 'proxy-header', end.why)
      socket.destroy()
    })
  }

  #open(socket: Socket, client: ClientAddress): Opening {
    const key = keyOf(socket)
    const deadline = setTimeout(() => {
      this.#refuse(socket, 'handshake-timeout', `not done within ${this.#options.handshakeTimeout} ms`)
      socket.destroy()
    }, this.#options.handshakeTimeout)
    const opening = { socket, deadline, client }
    this.#opening.set(key, opening)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(deadline)
      if (this.#opening.get(key) === opening) this.#opening.delete(key)
    })
    return opening
  }

  /** TLS, or HTTP at once. */
  #begin(opening: Opening, bytesBefore: number): void {
    const { socket, client } = opening
    if (socket.destroyed) return
    if (this.#tls !== null) {
      this.#tls.emit('connection', socket)
      return
    }
    this.#opened(keyOf(socket))
    this.#events.onConnection(socket, { client, certificateSubject: '' }, bytesBefore)
  }

  #secured(socket: TLSSocket, settings: ServerTls): void {
    const opening = this.#opened(keyOf(socket))
    const certificateSubject = clientSubject(socket, settings)
    if (certificateSubject === null) {
      this.#refuse(socket, 'client-certificate', String(socket.authorizationError))
    }
    // Without its opening, it was closed meanwhile.
    if (opening === null || certificateSubject === null) socket.destroy()
    else this.#events.onConnection(socket, { client: opening.client, certificateSubject }, 0)
  }

  #opened(key: string): Opening | null {
    const opening = this.#opening.get(key) ?? null
    if (opening !== null) clearTimeout(opening.deadline)
    this.#opening.delete(key)
    return opening
  }

  #refuse(socket: Socket, refusal: FrontRefusal, why: string): void {
    this.#events.onRefused(refusal, socketAddress(socket.remoteAddress).address, why)
  }
}

function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
