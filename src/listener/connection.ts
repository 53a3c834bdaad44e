import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer } from './front.ts'
import { type Malformation, malformation } from './malformed.ts'
import type { ParserSeat } from './parser-seat.ts'
import { unknownVerb, type Verb } from './verb.ts'

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
/** An error of a server's `clientError` event. */
export interface ParserError extends NodeJS.ErrnoException {
  /** What the parser was reading. */
  readonly rawPacket?: Buffer
  /** Where in that it stopped. */
  readonly bytesParsed?: number
}

interface ConnectionOptions {
  readonly peer: Peer
  /** How many of the socket's bytes are not HTTP. */
  readonly bytesBefore: number
  /** Requests that may wait for those before them: what is beyond is no client but a flood. */
  readonly mostWaiting: number
  /** The connection was cut for such a flood. */
  onFlood(): void
}
/** How long a refused client may take to read why and hang up, in ms; cut off at once, it might not (RFC 9112 9.6). */
const LINGER_MS = 1000

/** What stands in for a method that the parser does not know; one that a request has, whatever its body. */
const STAND_IN = Buffer.from('POST')

/**
 * A client's connection. Its requests are handed on one after the other: some are not safe, so those behind must
 * not overtake them (RFC 9112 9.3.2), and one connection must not fill the memory.
 */
export class Connection {
  /** By their sockets, for {@link takeSocket}. */
  static readonly #all = new WeakMap<Socket, Connection>()

  /** See {@link takeSocket}. */
  static take(request: IncomingMessage, response: ServerResponse): Socket | null {
    const connection = Connection.#all.get(request.socket)
    return connection === undefined ? null : connection.#leave(request, response)
  }

  readonly #socket: Socket
  readonly #events: ListenerEvents
  readonly #seat: ParserSeat
  readonly #options: ConnectionOptions
  /** The newest request that came, and its response. */
  #request: IncomingMessage | null = null
  #response: ServerResponse | null = null
  #waiting = 0
  /** The method of the next request, which the parser knows under another name; '' for none. */
  #verb = ''
  /** The parser has stopped at that one, and another is not there yet. */
  #renewing = false
  /** What the parser refused: nothing more is read. */
  #refused: Malformation | null = null
  #closing = false
  constructor(socket: Socket, seat: ParserSeat, options: ConnectionOptions, events: ListenerEvents) {
    this.#socket = socket
    this.#seat = seat
    this.#options = options
    this.#events = events
    Connection.#all.set(socket, this)
  }

  receive(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const before = this.#response
    if (this.#verb !== '') request.method = this.#verb
    this.#verb = ''
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
    if (++this.#waiting <= this.#options.mostWaiting) return
    this.#options.onFlood()
    this.#socket.destroy()
  }

  /** The parser has refused what came, or the connection failed. */
  fail(error: ParserError): void {
    // What comes behind a last request is nobody's (RFC 9112 9.6).
    if (error.code === 'HPE_CLOSED_CONNECTION') return
    const found = malformation(error)
    // A parser that reads no more still has its deadline.
    if (found !== null && this.#renewing) return
    const verb = this.#refused === null ? readVerb(error) : null
    if (verb !== null) {
      this.#goOn(verb)
      return
    }
    // Who connects and says nothing has made no request.
    if (found === null || this.#socket.bytesRead === this.#options.bytesBefore) this.#socket.destroy()
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
    this.#events.onMalformed(this.#options.peer, found, (content) =>
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

  #leave(request: IncomingMessage, response: ServerResponse): Socket | null {
    const socket = this.#socket
    const isLast = this.#request === request && request.complete && !this.#renewing && this.#refused === null
    if (!isLast || !socket.writable || response.headersSent) return null
    response.detachSocket(socket)
    // Node's parser reads from the handle itself until somebody else listens for the socket's data.
    const ignore = (): void => undefined
    socket.on('data', ignore)
    this.#seat.leave()
    socket.removeListener('data', ignore)
    return socket
  }

  #handOn(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    // The answer before may have been the last one; nobody could hear of this one any more (RFC 9112 9.6).
    if (response.socket === null || !this.#socket.writable) return
    this.#events.onRequest(request, response, this.#options.peer, expectsContinue)
    if (this.#refused !== null && request === this.#request && !request.complete) {
      request.emit('malformed', this.#refused)
    }
  }

  /** Goes on with another parser, once what came before is answered: that one may have been the last to be. */
  #goOn({ method, rest }: Verb): void {
    const socket = this.#socket
    this.#renewing = true
    socket.pause()
    this.#afterAnswers(() =>
      // The parser that stopped is still on the stack.
      setImmediate(() => {
        if (socket.destroyed || !socket.writable) return
        this.#renewing = false
        this.#verb = method
        this.#seat.renew()
        socket.unshift(rest)
        socket.unshift(STAND_IN)
        socket.resume()
      }),
    )
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

/**
 * Takes a connection from its parser, for a request that is its last one; the flowing socket is the caller's,
 * which must listen for its data at once, and end it. null where the connection has gone, or the client has sent more than this request.
 */
export function takeSocket(request: IncomingMessage, response: ServerResponse): Socket | null {
  return Connection.take(request, response)
}

function readVerb({ code, rawPacket, bytesParsed }: ParserError): Verb | null {
  if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined || bytesParsed === undefined) return null
  return unknownVerb(rawPacket, bytesParsed)
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
