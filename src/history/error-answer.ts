import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import type { HistoryLogger } from './options.ts'
import { HistoryProblem, type ProblemExtension, problemDocument, statusOf } from './problem.ts'

/** All a client is told of an error. */
export interface ErrorFacts {
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly extension: ProblemExtension
  readonly headers: Readonly<Record<string, string>>
}

/** Reads any error; what is no fault of the client's is logged and shows nothing of its inside. */
export function errorFacts(error: FastifyError | Error, logger: HistoryLogger | undefined): ErrorFacts {
  if (error instanceof HistoryProblem) {
    const { code, message, extension, headers } = error
    return { status: statusOf(code), code, detail: message, extension, headers }
  }
  const framework = 'statusCode' in error && error.statusCode !== undefined ? error.statusCode : 500
  if (framework >= 400 && framework < 500) {
    return plainFacts(framework, 'REQUEST_INVALID', 'the request is malformed or longer than is accepted')
  }
  logger?.error({ err: error }, 'a history request failed')
  const code = error instanceof KeytrailError ? error.code : 'INTERNAL'
  const status = statusOf(code)
  if (status !== 503) return plainFacts(500, 'INTERNAL', "the request failed; the sidecar's log says why")
  return plainFacts(503, code, "the store can't be read at present; the sidecar's log says why")
}

function plainFacts(status: number, code: ErrorCode, detail: string): ErrorFacts {
  return { status, code, detail, extension: {}, headers: {} }
}

/** Answers with a problem document (RFC 9457). */
export function sendProblem(reply: FastifyReply, facts: ErrorFacts): FastifyReply {
  const { status, code, detail, extension, headers } = facts
  return (
    reply
      .code(status)
      .headers(headers)
      .type('application/problem+json')
      // Bytes, because fastify would add a charset to text, a parameter which RFC 9457 6.1 does not know.
      .send(Buffer.from(problemDocument(status, code, detail, extension)))
  )
}

/** For targets which the router can't take apart: no hook ran for them, so the headers are set here. */
export function answerFrameworkError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  const detail = 'expected a path of percent-encoded UTF-8 (RFC 3986 2.1)'
  sendProblem(reply, { ...errorFacts(error, undefined), detail })
}

/** For bytes that are no HTTP request, or one with too long a header: answers on the bare socket. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [status, reason] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'Bad Request']
  const body = problemDocument(
    status,
    'REQUEST_INVALID',
    'the request is malformed, too long or too slow',
    {},
  )
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/problem+json\r\ncontent-length: `
  socket.end(
    `${head}${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  )
}

const CLIENT_ERRORS: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}
