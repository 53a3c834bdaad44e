import { responseHeaders } from './forward-headers.ts'
import type { InterimAnswer } from './interim.ts'
import type { OpenTunnel, TunnelHandler } from './tunnel.ts'
import type { UpstreamFailure } from './upstream.ts'

export interface AnswerEvents {
  /** The request is being sent: it may be executed from now on. */
  onForwarded(): void
  /** An interim answer (RFC 9110 15.2): it tells of no outcome. */
  onInterim(answer: InterimAnswer): void
  /** The answer is whole, or there is too much of it to be held: its outcome can be told. */
  onAnswered(): void
  /** The upstream has made the connection a tunnel. */
  onTunnel(tunnel: OpenTunnel): void
  /** There is no answer whose outcome could be told. */
  onUnanswered(failure: UpstreamFailure): void
}

/** Who takes an answer that is too large to be held. */
export interface AnswerSink {
  /** False to pause. */
  write(chunk: Buffer): boolean
  end(trailers: readonly string[]): void
  /** The rest will never come. */
  broken(): void
}

/** The upstream's answer: held until its record is durable, then handed on; a large one flows after that. */
export class Answer implements TunnelHandler {
  status = 0
  statusText = ''
  /** Name, value, name, value …, without hop-by-hop headers. */
  headers: string[] = []
  /** Like {@link headers}. */
  trailers: readonly string[] = []
  /** All of the body is in {@link chunks}. */
  whole = false
  chunks: Buffer[] = []
  readonly #events: AnswerEvents
  readonly #limit: number
  #length = 0
  #abort: (() => void) | null = null
  #resume: (() => void) | null = null
  #sink: AnswerSink | null = null
  #told = false
  #broken = false
  /** The sink takes more. */
  #flowing = false

  /** `limit`: most bytes of body that are held. */
  constructor(events: AnswerEvents, limit: number) {
    this.#events = events
    this.#limit = limit
  }

  /** The whole body; null where it is too large to be held. */
  get body(): Buffer | null {
    if (!this.whole) return null
    const [first] = this.chunks
    return this.chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.chunks, this.#length)
  }

  /** Gives the upstream up. */
  abort(): void {
    this.#abort?.()
  }

  /** Hands a large answer to `sink`: what is held at once, the rest as it comes. */
  flow(sink: AnswerSink): void {
    this.#sink = sink
    this.#flowing = true
    for (const chunk of this.chunks) this.#flowing = sink.write(chunk)
    this.chunks = []
    if (this.#broken) sink.broken()
    else if (this.#flowing) this.resume()
  }

  resume(): void {
    this.#resume?.()
  }

  onSent(abort: () => void): void {
    this.#abort = abort
    this.#events.onForwarded()
  }

  onHead(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean {
    const { headers, ambiguous } = responseHeaders(rawHeaders)
    if (status < 200) {
      this.#events.onInterim({ status, statusText: rawStatusText(statusText), headers })
      return true
    }
    if (ambiguous) {
      // RFC 9112 6.3: nobody could say where this answer ends.
      this.onFailure({ kind: 'broken', message: 'ambiguous framing' })
      this.#abort?.()
      return true
    }
    this.#resume = resume
    this.status = status
    this.statusText = rawStatusText(statusText)
    this.headers = headers
    return true
  }

  onBody(chunk: Buffer): boolean {
    if (this.#sink !== null) return this.#sink.write(chunk)
    this.chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= this.#limit) return true
    this.#tell()
    return this.#flowing
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    if (rawTrailers.length > 0) this.trailers = responseHeaders(rawTrailers).headers
    if (this.#sink !== null) {
      this.#sink.end(this.trailers)
      return
    }
    if (this.#told) return
    this.whole = true
    this.#tell()
  }

  onTunnel(tunnel: OpenTunnel): void {
    this.#events.onTunnel(tunnel)
  }

  onFailure(failure: UpstreamFailure): void {
    this.#broken = true
    if (this.#sink !== null) this.#sink.broken()
    else if (!this.#told) this.#events.onUnanswered(failure)
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    this.#events.onAnswered()
  }
}

/**
 * The bytes of a status text (latin1) that undici has read as UTF-8. Where it was none they are lost: then no text,
 * which means nothing anyway (RFC 9112 4), is better than one that can't be written.
 */
function rawStatusText(text: string): string {
  if (Buffer.byteLength(text) === text.length) return text
  return text.includes('\ufffd') ? '' : Buffer.from(text).toString('latin1')
}
