import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer } from './front.ts'
import { type Malformation, malformation } from './malformed.ts'

/** An answer of the sidecar's own. */
interface Content {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** What a listener hands on. */
export interface ListenerEvents {
  /**
   * `expectsContinue`: the client waits for 100 Continue (RFC 9110 10.1.1). Where the parser refuses the rest of
   * the request's body, the request emits `malformed` with the {@link Malformation}.
   */
  onRequest(request: IncomingMessage, response: ServerResponse, peer: Peer, expectsContinue: boolean): void
  /** The parser refused what came from `peer`; `answer` is called with what to say, once that is recorded. */
  onMalformed(peer: Peer, found: Malformation, answer: (content: Content) => void): void
}

/** Requests of one connection that may wait for those before them: what is beyond is no client but a flood. */
const MOST_WAITING = 256

/** How long a refused client may take to read why and hang up, in ms; cut off at once, it might not (RFC 9112 9.6). */
const LINGER_MS = 1000

/**
 * A client's connection. Its requests are handed on one after the other: some are not safe, so those behind must
 * not overtake them (RFC 9112 9.3.2), and one connection must not fill the memory.
 */
export class Connection {
  readonly #socket: Socket
  readonly #events: ListenerEvents
  readonly #peer: Peer
  readonly #bytesBefore: number
  /** The newest request that came, and its response. */
  #request: IncomingMessage | null = null
  #response: ServerResponse | null = null
  #waiting = 0
  /** What the parser refused: nothing more is read. */
  #refused: Malformation | null = null
  #closing = false

  /** `bytesBefore`: how many of the socket's bytes are not HTTP. */
  constructor(socket: Socket, peer: Peer, bytesBefore: number, events: ListenerEvents) {
    this.#socket = socket
    this.#peer = peer
    this.#bytesBefore = bytesBefore
    this.#events = events
  }

  receive(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const before = this.#response
    this.#request = request
    this.#response = response
    if (this.#closing) response.shouldKeepAlive = false
    if (before === null || response.socket !== null) {
      this.#handOn(request, response, expectsContinue)
      return
    }
    // Node gives the response its socket once those before it are done.
    before.once('close', () => {
      this.#waiting--
      this.#handOn(request, response, expectsContinue)
    })
    if (++this.#waiting > MOST_WAITING) this.#socket.destroy()
  }

  /** The parser has refused what came, or the connection failed. */
  fail(error: NodeJS.ErrnoException): void {
    const found = malformation(error)
    // Who connects and says nothing has made no request.
    if (found === null || this.#socket.bytesRead === this.#bytesBefore) this.#socket.destroy()
    else if (this.#refused === null) this.refuse(found)
  }

  /** Ends the connection with a refusal, once what came before is answered. */
  refuse(found: Malformation): void {
    this.#refused = found
    this.#socket.pause()
    if (this.#request !== null && !this.#request.complete) {
      this.#request.emit('malformed', found)
      this.#afterAnswers(() => this.#end(''))
      return
    }
    this.#events.onMalformed(this.#peer, found, (content) =>
      this.#afterAnswers(() => this.#end(answerText(content))),
    )
  }

  /** Ends the connection once what is under way is answered; nothing new is taken. */
  close(): void {
    this.#closing = true
    const last = this.#response
    if (last !== null && !last.headersSent) last.shouldKeepAlive = false
    this.#afterAnswers(() => this.#socket.destroySoon())
  }

  #handOn(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    // The answer before may have been the last one; nobody could hear of this one any more (RFC 9112 9.6).
    if (response.socket === null || !this.#socket.writable) return
    this.#events.onRequest(request, response, this.#peer, expectsContinue)
    if (this.#refused !== null && request === this.#request && !request.complete) {
      request.emit('malformed', this.#refused)
    }
  }

  #afterAnswers(go: () => void): void {
    if (this.#response === null || this.#response.closed) go()
    else this.#response.once('close', go)
  }

  #end(text: string): void {
    const socket = this.#socket
    if (!socket.writable) {
      socket.destroySoon()
      return
    }
    socket.end(text)
    socket.resume()
    const linger = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('end', () => socket.destroySoon())
    socket.once('close', () => clearTimeout(linger))
  }
}

function answerText({ status, contentType, body }: Content): string {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
