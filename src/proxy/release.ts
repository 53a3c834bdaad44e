import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorAnswer } from '../dialect/dialect.ts'
import { takeSocket } from '../listener/connection.ts'
import type { Answer } from './answer.ts'
import { forwardHeaders } from './forward-headers.ts'
import type { OpenTunnel } from './tunnel.ts'

/** Gives the client the upstream's answer: a held one in one write, a large one as it flows. */
export function releaseAnswer(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) {
    answer.abort()
    return
  }
  try {
    response.sendDate = false
    writeHead(response, answer)
    if (answer.whole) addTrailers(response, answer.trailers)
  } catch {
    breakOff(response, answer)
    return
  }
  if (answer.whole) releaseWhole(response, answer)
  else releaseFlowing(response, answer)
}

/** An answer of the sidecar's own. `close` ends the connection, `retryAfter` is in seconds. */
export function releaseOwn(
  response: ServerResponse,
  { status, contentType, body }: ErrorAnswer,
  { close, retryAfter }: { readonly close: boolean; readonly retryAfter?: number },
): void {
  if (response.destroyed || response.headersSent) return
  const headers = ['Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body))]
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter))
  if (close) headers.push('Connection', 'close')
  response.writeHead(status, headers)
  response.end(body)
}

/** Node's writer takes `Trailer` only where there may be some; elsewhere it announces nothing (RFC 9110 6.6.2). */
function writeHead(response: ServerResponse, { status, statusText, headers }: Answer): void {
  try {
    response.writeHead(status, statusText, headers)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP_TRAILER_INVALID') throw error
    response.writeHead(status, statusText, withoutTrailer(headers))
  }
}

function withoutTrailer(headers: readonly string[]): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== 'trailer')
}

/** Node's writer refuses a status, header or trailer: the client must not take the rest for an answer. */
function breakOff(response: ServerResponse, answer: Answer): void {
  response.destroy()
  answer.abort()
}

function releaseWhole(response: ServerResponse, { body }: Answer): void {
  if (body === null || body.length === 0) response.end()
  else response.end(body)
}

function releaseFlowing(response: ServerResponse, answer: Answer): void {
  response.on('drain', () => answer.resume())
  response.on('close', () => {
    if (!response.writableFinished) answer.abort()
  })
  answer.flow({
    write: (chunk) => response.write(chunk),
    end(trailers) {
      try {
        addTrailers(response, trailers)
      } catch {
        breakOff(response, answer)
        return
      }
      response.end()
    },
    broken() {
      response.destroy()
    },
  })
}

function addTrailers(response: ServerResponse, trailers: readonly string[]): void {
  if (trailers.length === 0) return
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < trailers.length; i += 2) pairs.push([String(trailers[i]), String(trailers[i + 1])])
  response.addTrailers(pairs)
}

/**
 * Gives the client the upstream's 101 and connects it to the tunnel. Where it has gone, or has already said what could
 * only belong to a next request, both ends are cut. `ended` is called once, with the bytes from and to the client.
 */
export function releaseTunnel(
  request: IncomingMessage,
  response: ServerResponse,
  tunnel: OpenTunnel,
  ended: (sent: number, received: number) => void,
): void {
  const socket = takeSocket(request, response)
  if (socket === null) {
    tunnel.destroy()
    request.socket.destroy()
    ended(0, 0)
    return
  }
  const { headers, upgrade } = forwardHeaders(tunnel.rawHeaders)
  let head = `HTTP/1.1 101 ${tunnel.statusText}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  socket.write(`${head}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`, 'latin1')
  tunnel.connect(socket, ended)
}
