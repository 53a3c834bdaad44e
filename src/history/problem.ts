import { STATUS_CODES } from 'node:http'
import { type ErrorCode, KeytrailError } from '../errors.ts'

/** One thing wrong with a query. */
export interface ParameterProblem {
  readonly parameter: string
  readonly expected: string
  readonly found: string
}

/** Members a problem document has beside the standard ones (RFC 9457 3.2). */
export interface ProblemExtension {
  readonly problems?: readonly ParameterProblem[]
  readonly tombstone?: object
  readonly reasons?: readonly string[]
}

/** An answer other than success, on its way to be written in the shape of the API that was called. */
export class HistoryProblem extends KeytrailError {
  readonly extension: ProblemExtension
  /** Header of the answer, e.g. `www-authenticate`, `allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ErrorCode,
    message: string,
    more: { extension?: ProblemExtension; headers?: Record<string, string> } = {},
  ) {
    super(code, message)
    this.extension = more.extension ?? {}
    this.headers = more.headers ?? {}
  }
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  QUERY_INVALID: 400,
  CURSOR_INVALID: 400,
  REQUEST_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  KEY_UNKNOWN: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  KEY_DESTROYED: 410,
  RATE_LIMITED: 429,
  LIVE_FULL: 503,
  JWKS_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  STORE_MISSING: 503,
  STORE_DAMAGED: 503,
  STORE_FORMAT: 503,
  QUEUE_FULL: 503,
}

/** HTTP status of an error code; 500 for what no client can put right. */
export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500
}

/** A problem document (RFC 9457) as text. `code` tells problems apart, so `type` stays `about:blank`. */
export function problemDocument(status: number, code: ErrorCode, detail: string, extension: object): string {
  const title = STATUS_CODES[status] ?? 'Error'
  return JSON.stringify({ type: 'about:blank', title, status, code, detail, ...extension })
}

/** `text` quoted for a message, cut to a length that no hostile input can inflate. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
