import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Malformation } from '../listener/malformed.ts'

/** Why a body could not be had; the last two: the parser refused it, or it came too slowly. */
export type BodyFailure = 'body-too-large' | 'client-gone' | 'malformed' | 'request-timeout'

export interface RequestBodyEvents {
  /** The body is whole, or there is so much of it that it has to be streamed. */
  onBodyReady(): void
  /** Called at most once, also while the body is being streamed. */
  onBodyFailed(failure: BodyFailure): void
}

export interface BodyLimits {
  /** Larger bodies are streamed. */
  readonly held: number
  /** Larger bodies are refused. */
  readonly most: number
}

/** A request's body: held whole while it is small, else streamed with the upstream's back-pressure. */
export class RequestBody {
  readonly #request: IncomingMessage
  readonly #limits: BodyLimits
  readonly #events: RequestBodyEvents
  #chunks: Buffer[] = []
  #length = 0
  #state: 'reading' | 'held' | 'large' | 'streaming' | 'done' = 'reading'
  #stream: Readable | null = null

  constructor(request: IncomingMessage, limits: BodyLimits, events: RequestBodyEvents) {
    this.#request = request
    this.#limits = limits
    this.#events = events
  }

  /** Begins to read. `expected` is the declared length, -1 for chunks. */
  read(expected: number): void {
    if (expected > this.#limits.most) {
      this.#fail('body-too-large')
      return
    }
    this.#request.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    this.#request.on('end', () => this.#onEnd())
    this.#request.on('close', () => this.#onClose())
    this.#request.on('error', () => this.#onClose())
    this.#request.on('malformed', ({ status }: Malformation) =>
      this.#fail(status === 408 ? 'request-timeout' : 'malformed'),
    )
    if (expected > this.#limits.held) this.#hold()
  }

  /** The whole body where it is held; null where it is streamed. */
  get held(): Buffer | null {
    if (this.#state !== 'held') return null
    const [first] = this.#chunks
    return this.#chunks.length === 1 && first !== undefined
      ? first
      : Buffer.concat(this.#chunks, this.#length)
  }

  /** What to send upstream. */
  forward(): Buffer | Readable {
    const held = this.held
    if (held !== null) return held
    this.#state = 'streaming'
    const request = this.#request
    // A stream of its own: undici destroys it when the upstream fails, and the client must still get an answer.
    this.#stream = new Readable({ read: () => request.resume(), destroy: (_, done) => done(null) })
    for (const chunk of this.#chunks) this.#stream.push(chunk)
    this.#chunks = []
    if (request.readableEnded) this.#stream.push(null)
    return this.#stream
  }

  /** Reads and drops what is left, so that the connection can be used again. */
  discard(): void {
    if (this.#state === 'streaming') this.#stream?.destroy()
    this.#state = 'done'
    this.#chunks = []
    this.#request.resume()
  }

  #onChunk(chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#state === 'done') return
    if (this.#length > this.#limits.most) {
      this.#fail('body-too-large')
      return
    }
    if (this.#state === 'streaming') {
      if (this.#stream?.push(chunk) === false) this.#request.pause()
      return
    }
    this.#chunks.push(chunk)
    if (this.#state === 'reading' && this.#length > this.#limits.held) this.#hold()
  }

  /** Too large to be held: the rest waits in the socket until somebody takes it. */
  #hold(): void {
    this.#state = 'large'
    this.#request.pause()
    this.#events.onBodyReady()
  }

  #onEnd(): void {
    if (this.#state === 'streaming') this.#stream?.push(null)
    if (this.#state !== 'reading') return
    this.#state = 'held'
    this.#events.onBodyReady()
  }

  #onClose(): void {
    if (this.#request.readableEnded || this.#state === 'done') return
    this.#fail('client-gone')
  }

  #fail(failure: BodyFailure): void {
    if (this.#state === 'done') return
    this.discard()
    this.#events.onBodyFailed(failure)
  }
}
