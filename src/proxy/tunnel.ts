import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createProxyServer } from 'http-proxy'
import { readTlsFiles } from '../listener/tls-files.ts'
import { TunnelEnd } from './tunnel-end.ts'
import type { UpstreamFailure, UpstreamHandler } from './upstream.ts'
import { connectSettings, expectedName, type UpstreamTls } from './upstream-tls.ts'

export interface TunnelOptions {
  /** Origin of the key API. */
  readonly url: string
  readonly host: 'keep' | 'rewrite'
  readonly tls: UpstreamTls
  /** Longest wait for the answer's head, connecting included, in ms. */
  readonly answerTimeoutMs: number
  /** A tunnel through which nothing passes for so long is ended. */
  readonly idleTimeoutMs: number
  /** Most tunnels at a time. */
  readonly most: number
}

/** A request for a tunnel: a GET without body. */
export interface TunnelRequest {
  readonly target: string
  /** Name, value, name, value …, without hop-by-hop headers. */
  readonly headers: readonly string[]
  /** The value of Upgrade, as received. */
  readonly protocol: string
}

/** A tunnel that the upstream has opened. */
export interface OpenTunnel {
  /** Name, value, name, value …: as received, hop-by-hop headers too. */
  readonly rawHeaders: readonly string[]
  readonly statusText: string
  /** Connects the client's socket; `ended` is called once, when the tunnel is over, with bytes from and to the client. */
  connect(client: Socket, ended: (sent: number, received: number) => void): void
  destroy(): void
}

/** Follows a request for a tunnel: any answer but 101 goes to the handler's other calls. */
export interface TunnelHandler extends UpstreamHandler {
  onTunnel(tunnel: OpenTunnel): void
}

/** Tunnels to the key API, a connection of its own each (RFC 9110 7.8, RFC 6455). */
export class Tunnels {
  readonly #options: TunnelOptions
  readonly #open = new Set<Call>()

  constructor(options: TunnelOptions) {
    this.#options = options
  }

  /** Tunnels that are open or being opened. */
  get count(): number {
    return this.#open.size
  }

  send(request: TunnelRequest, handler: TunnelHandler): void {
    if (this.#open.size >= this.#options.most) {
      handler.onFailure({ kind: 'busy', message: 'limits.tunnels' })
      return
    }
    const call = new Call(this.#options, request, handler)
    this.#open.add(call)
    call.run(() => this.#open.delete(call))
  }

  /** Ends all tunnels, and gives up those being opened. */
  close(): void {
    for (const call of this.#open) call.destroy()
  }
}

/** One request for a tunnel, and the tunnel. */
class Call {
  readonly #options: TunnelOptions
  readonly #request: TunnelRequest
  readonly #handler: TunnelHandler
  readonly #end = new TunnelEnd()
  readonly #timer: NodeJS.Timeout
  #outgoing: ClientRequest | null = null
  #upstream: Socket | null = null
  #connected = false
  #late = false
  /** An ordinary answer is passed on. */
  #passing = false
  /** The handler has its answer, or the tunnel. */
  #answered = false

  constructor(options: TunnelOptions, request: TunnelRequest, handler: TunnelHandler) {
    this.#options = options
    this.#request = request
    this.#handler = handler
    this.#timer = setTimeout(() => this.#giveUp(), options.answerTimeoutMs)
  }

  run(over: () => void): void {
    this.#end.once('close', () => {
      clearTimeout(this.#timer)
      if (!this.#passing) this.#outgoing?.destroy()
      this.#upstream?.destroy()
      this.#fail(new Error('the tunnel was closed'))
      over()
    })
    try {
      this.#ask()
    } catch (error) {
      this.#fail(error as Error)
      this.destroy()
    }
  }

  destroy(): void {
    this.#end.destroy()
  }

  #ask(): void {
    const { url, tls } = this.#options
    const ssl = url.startsWith('https:')
      ? connectSettings(expectedName(url, tls), tls, readTlsFiles(tls))
      : {}
    const proxy = createProxyServer({ target: url, ssl, secure: true })
    // The library's own listeners come behind these.
    proxy.once('proxyReqWs', (outgoing) => this.#prepare(outgoing))
    proxy.on('error', (error) => {
      this.#fail(error)
      this.#end.destroy()
    })
    const { target, protocol } = this.#request
    const headers = { connection: 'Upgrade', upgrade: protocol }
    const request = { method: 'GET', url: target, headers, httpVersionMajor: 1, socket: this.#end }
    void proxy.ws(request as unknown as IncomingMessage, this.#end as unknown as Socket, {}, null)
  }

  /** Puts the request's headers in the place of the library's, names and order as received. */
  #prepare(outgoing: ClientRequest): void {
    this.#outgoing = outgoing
    const host = outgoing.getHeader('host')
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name)
    for (const [name, values] of this.#headers(String(host))) outgoing.setHeader(name, values)
    this.#handler.onSent(() => {
      this.destroy()
      outgoing.destroy()
    })
    outgoing.once('socket', (socket) => {
      const event = this.#options.url.startsWith('https:') ? 'secureConnect' : 'connect'
      socket.once(event, () => {
        this.#connected = true
      })
    })
    outgoing.once('response', (response) => void this.#passOn(response))
    outgoing.once('upgrade', (response, socket) => this.#offer(response, socket))
  }

  #headers(ownHost: string): Map<string, string[]> {
    const { headers, protocol } = this.#request
    const names = new Map<string, string>()
    const lines = new Map<string, string[]>()
    for (let i = 0; i < headers.length; i += 2) {
      const [name = '', value = ''] = [headers[i], headers[i + 1]]
      const first = names.get(name.toLowerCase())
      if (first === undefined) names.set(name.toLowerCase(), name)
      const isHost = name.toLowerCase() === 'host' && this.#options.host === 'rewrite'
      lines.set(first ?? name, [...(lines.get(first ?? '') ?? []), isHost ? ownHost : value])
    }
    return lines.set('Connection', ['Upgrade']).set('Upgrade', [protocol])
  }

  /** An ordinary answer: the library would send it on before its record is durable. */
  async #passOn(response: IncomingMessage): Promise<void> {
    const handler = this.#handler
    const { statusCode = 0, statusMessage = '', rawHeaders } = response
    if (statusCode < 200) {
      this.#fail(new Error('101 without Upgrade'))
      this.destroy()
      return
    }
    this.#answered = true
    // The library sends on nothing to a client that has gone.
    this.#passing = true
    this.destroy()
    const { answerTimeoutMs } = this.#options
    response.setTimeout(answerTimeoutMs, () => response.destroy(new Error('the answer stopped')))
    response.on('data', (chunk: Buffer) => {
      if (!handler.onBody(chunk)) response.pause()
    })
    const raw = rawHeaders.map((text) => Buffer.from(text, 'latin1'))
    handler.onHead(statusCode, raw, statusMessage, () => response.resume())
    try {
      await once(response, 'end')
      handler.onEnd(response.rawTrailers.map((text) => Buffer.from(text, 'latin1')))
    } catch (error) {
      handler.onFailure({ kind: 'broken', message: (error as Error).message })
    }
    this.#outgoing?.destroy()
  }

  /** The upstream agrees: the tunnel is the handler's, which must connect or destroy it. */
  #offer(response: IncomingMessage, socket: Socket): void {
    const { rawHeaders, statusCode, statusMessage: statusText = '', headers } = response
    this.#upstream = socket
    const end = this.#end
    end.skipOnce()
    socket.once('close', () => {
      // What has been read must still get to the client.
      if (socket.readableEnded && !end.writableFinished) end.once('finish', () => end.destroy())
      else end.destroy()
    })
    const agreed = headers.upgrade?.toLowerCase() === this.#request.protocol.toLowerCase()
    if (statusCode !== 101 || !agreed) {
      this.#fail(new Error('another protocol than asked for'))
      this.destroy()
      return
    }
    this.#answered = true
    clearTimeout(this.#timer)
    const { idleTimeoutMs } = this.#options
    // Once the library has connected both ends.
    setImmediate(() =>
      this.#handler.onTunnel({
        rawHeaders,
        statusText,
        connect(client, ended) {
          if (end.closed) ended(0, 0)
          else end.once('close', () => ended(end.sent, end.received))
          if (end.destroyed) client.destroy()
          else end.open(client, idleTimeoutMs)
        },
        destroy: () => end.destroy(),
      }),
    )
  }

  #giveUp(): void {
    this.#late = true
    this.#fail(new Error('no answer in time'))
    this.destroy()
  }

  #fail(error: Error): void {
    if (this.#answered) return
    this.#answered = true
    const kind: UpstreamFailure['kind'] = this.#connected
      ? this.#late
        ? 'timeout'
        : 'broken'
      : 'unreachable'
    this.#handler.onFailure({ kind, message: error.message })
  }
}
