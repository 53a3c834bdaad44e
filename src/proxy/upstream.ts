import type { Readable } from 'node:stream'
import { Client, type Dispatcher, Pool } from 'undici'

export interface UpstreamOptions {
  /** Origin of the key API, `http://…` or `https://…`. */
  readonly url: string
  readonly connections: number
  readonly connectTimeoutMs: number
  /** Longest wait for the answer's head, and between two pieces of its body. */
  readonly responseTimeoutMs: number
  /** `keep` sends the client's Host, `rewrite` the upstream's. */
  readonly host: 'keep' | 'rewrite'
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
  /** `unreachable`: the request was never sent. Of the others nobody knows whether it was executed. */
  readonly kind: 'unreachable' | 'timeout' | 'broken'
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

  constructor({ url, connections, connectTimeoutMs, responseTimeoutMs, host }: UpstreamOptions) {
    const { origin, protocol, hostname } = new URL(url)
    this.#host = host
    // A kept Host must not become the name that the upstream's certificate is checked against.
    this.#servername = protocol === 'https:' ? hostname : undefined
    this.#pool = new Pool(origin, {
      connections,
      factory: (target, settings) => new Connection(target, settings),
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      headersTimeout: responseTimeoutMs,
      bodyTimeout: responseTimeoutMs,
      allowH2: false,
    })
  }

  send({ method, target, headers, body }: UpstreamRequest, handler: UpstreamHandler): void {
    const options: Dispatcher.DispatchOptions = {
      path: target,
      method: method as Dispatcher.HttpMethod,
      headers: this.#host === 'keep' ? headers : withoutHost(headers),
      body,
      // Only requests waiting on one connection could be sent in another order: there are none.
      idempotent: false,
      ...(this.#servername === undefined ? {} : { servername: this.#servername }),
    }
    this.#pool.dispatch(options, new Call(handler))
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
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
  #sent = false
  #status = 0

  constructor(handler: UpstreamHandler) {
    this.#handler = handler
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
    // Declared as strings, they come as raw as the headers.
    this.#handler.onEnd((trailers ?? []) as readonly unknown[] as readonly Buffer[])
  }

  onError(error: Error): void {
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
}

function withoutHost(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') kept.push(name, headers[i + 1] as string)
  }
  return kept
}
