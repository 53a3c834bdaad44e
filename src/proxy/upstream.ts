import type { Readable } from 'node:stream'
import { buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { readTlsFiles, type TlsMaterial } from '../listener/tls-files.ts'
import { TlsReload, type TlsReloadEvents } from '../listener/tls-reload.ts'
import { connectSettings, expectedName, NO_UPSTREAM_TLS, type UpstreamTls } from './upstream-tls.ts'

export interface UpstreamOptions {
  /** Origin of the key API, `http://…` or `https://…`. */
  readonly url: string
  readonly connections: number
  readonly connectTimeoutMs: number
  /** Longest wait for the answer's head, and between two pieces of its body. */
  readonly responseTimeoutMs: number
  /** `keep` sends the client's Host, `rewrite` the upstream's. */
  readonly host: 'keep' | 'rewrite'
  /** Most requests that wait for a connection; no bound by default. */
  readonly waiting?: number
  /** Of an https key API; Node's own trust by default. */
  readonly tls?: UpstreamTls
}

/** What an upstream tells beside the ends of its requests. */
export interface UpstreamNotices extends Pick<TlsReloadEvents, 'reloaded' | 'failed'> {
  /** No connection could be made; `error` says why. */
  unreachable(error: Error): void
}

const NO_NOTICES: UpstreamNotices = {
  unreachable: () => undefined,
  reloaded: () => undefined,
  failed: () => undefined,
}

/** What goes to the key API: everything as it was received. */
export interface UpstreamRequest {
  readonly method: string
  readonly target: string
  readonly headers: string[]
  /** Whole, or as it comes in; null without one. */
  readonly body: Buffer | Readable | null
}

/** Why there is no (whole) answer. */
export interface UpstreamFailure {
  /** `unreachable`, `busy` (too many wait): it was never sent. Of the others nobody knows whether it was executed. */
  readonly kind: 'unreachable' | 'busy' | 'timeout' | 'broken'
  readonly message: string
}

/** Follows one request; the calls come in this order. */
export interface UpstreamHandler {
  /** The request is about to be written: from now on it may be executed. */
  onSent(abort: () => void): void
  /** False to pause; `resume` goes on. 1xx answers come here too. */
  onHead(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean
  /** False to pause. */
  onBody(chunk: Buffer): boolean
  onEnd(rawTrailers: readonly Buffer[]): void
  onFailure(failure: UpstreamFailure): void
}

/** The key API behind a pool of kept-alive connections; one exchange at a time on each, none ever repeated. */
export class Upstream {
  readonly #pool: Pool
  readonly #host: UpstreamOptions['host']
  readonly #servername: string | undefined
  readonly #notices: UpstreamNotices
  readonly #reload: TlsReload | null
  /** Requests that may be under way or waiting. */
  readonly #most: number
  #connect: buildConnector.connector
  #pending = 0
  #onIdle: (() => void) | null = null

  /** Throws `TLS_INVALID`. */
  constructor(options: UpstreamOptions, notices = NO_NOTICES) {
    const { url, connections, connectTimeoutMs, responseTimeoutMs, host } = options
    const { waiting = Number.POSITIVE_INFINITY, tls = NO_UPSTREAM_TLS } = options
    const { origin, protocol, hostname } = new URL(url)
    this.#host = host
    this.#notices = notices
    this.#most = connections + waiting
    // A kept Host must not become the name that connections are told apart by.
    this.#servername = protocol === 'https:' ? hostname : undefined
    const connector = (material: TlsMaterial): buildConnector.connector =>
      buildConnector({
        ...(protocol === 'https:' ? connectSettings(expectedName(url, tls), tls, material) : {}),
        timeout: connectTimeoutMs,
      })
    const material = protocol === 'https:' ? readTlsFiles(tls) : {}
    this.#connect = connector(material)
    this.#reload =
      protocol === 'https:'
        ? new TlsReload(tls, material, {
            ...notices,
            use: (fresh) => {
              this.#connect = connector(fresh)
            },
          })
        : null
    this.#pool = new Pool(origin, {
      connections,
      factory: (target, settings) => new Connection(target, settings),
      pipelining: 1,
      connect: (target, done) => this.#open(target, done),
      headersTimeout: responseTimeoutMs,
      bodyTimeout: responseTimeoutMs,
      allowH2: false,
    })
  }

  /** Requests under way, and those that wait for a connection. */
  get pending(): number {
    return this.#pending
  }

  send({ method, target, headers, body }: UpstreamRequest, handler: UpstreamHandler): void {
    if (this.#pending >= this.#most) {
      handler.onFailure({ kind: 'busy', message: 'too many requests wait for a connection' })
      return
    }
    this.#pending++
    const options: Dispatcher.DispatchOptions = {
      path: target,
      method: method as Dispatcher.HttpMethod,
      headers: this.#host === 'keep' ? headers : withoutHost(headers),
      body,
      // Only requests waiting on one connection could be sent in another order: there are none.
      idempotent: false,
      ...(this.#servername === undefined ? {} : { servername: this.#servername }),
    }
    this.#pool.dispatch(options, new Call(handler, this.#done))
  }

  /** Reads the certificates again; what comes of it is noticed. */
  reloadTls(): void {
    this.#reload?.reload()
  }

  /** Waits for what is under way, for at most `graceMs`, then gives it up. */
  async close(graceMs = 0): Promise<void> {
    this.#reload?.close()
    if (this.#pending > 0 && graceMs > 0) {
      await new Promise<void>((done) => {
        const force = setTimeout(done, graceMs)
        this.#onIdle = () => {
          clearTimeout(force)
          done()
        }
      })
    }
    await this.#pool.destroy()
  }

  /** One for all requests. */
  readonly #done = (): void => {
    this.#pending--
    if (this.#pending === 0) this.#onIdle?.()
  }

  #open(target: buildConnector.Options, done: buildConnector.Callback): void {
    // The name is the connector's business: here it only tells connections apart.
    const { servername: _, ...place } = target
    this.#connect(place, (...result) => {
      if (result[0] !== null) this.#notices.unreachable(result[0])
      done(...result)
    })
  }
}

/**
 * One kept-alive connection. Where undici refuses a request as invalid its pool takes the connection for busy, and
 * waits for good: 64 such requests would stop the sidecar. Nothing of one was sent, so the connection is as free as
 * before.
 */
class Connection extends Client {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, handler) || (handler instanceof Call && handler.invalid)
  }
}

/** Translates undici's calls; its older handler form is the one that carries raw headers. */
class Call implements Dispatcher.DispatchHandler {
  readonly #handler: UpstreamHandler
  /** undici refused the request itself. */
  invalid = false
  readonly #done: () => void
  #sent = false
  #over = false
  #status = 0

  constructor(handler: UpstreamHandler, done: () => void) {
    this.#handler = handler
    this.#done = done
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#sent = true
    this.#handler.onSent(abort)
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    this.#status = status
    return this.#handler.onHead(status, rawHeaders, statusText, resume)
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onBody(chunk)
  }

  onComplete(trailers: string[] | null): void {
    this.#end()
    // Declared as strings, they come as raw as the headers.
    this.#handler.onEnd((trailers ?? []) as readonly unknown[] as readonly Buffer[])
  }

  onError(error: Error): void {
    this.#end()
    const code = 'code' in error ? String(error.code) : ''
    // These have no body, but may tell the length of the one they stand for (RFC 9110 8.6); undici misses it.
    if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && (this.#status === 304 || this.#status === 204)) {
      this.#handler.onEnd([])
      return
    }
    this.invalid = code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED'
    const timeout = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
    const kind = this.#sent ? (timeout ? 'timeout' : 'broken') : 'unreachable'
    this.#handler.onFailure({ kind, message: code === '' ? error.message : code })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#done()
  }
}

function withoutHost(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') kept.push(name, headers[i + 1] as string)
  }
  return kept
}
