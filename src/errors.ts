/** Every code keytrail puts into an error, a log line or an API answer; stable from release to release. */
export type ErrorCode =
  // what an operator can put right
  | 'CONFIG_INVALID'
  | 'CONFIG_UNREADABLE'
  | 'DIALECT_INVALID'
  | 'DIALECT_UNREADABLE'
  | 'TLS_INVALID'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNAVAILABLE'
  | 'STORE_LOCKED'
  | 'STORE_FORMAT'
  | 'STORE_DAMAGED'
  | 'STORE_ROLLED_BACK'
  | 'STORE_UNWRITABLE'
  | 'STORE_MISSING'
  | 'CLOCK_HELD'
  // what a client of the history can put right
  | 'KEY_UNKNOWN'
  | 'KEY_DESTROYED'
  | 'CURSOR_INVALID'
  | 'QUERY_INVALID'
  | 'REQUEST_INVALID'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'RATE_LIMITED'
  | 'LIVE_FULL'
  | 'JWKS_UNAVAILABLE'
  // what the log warns of
  | 'CONNECTION_REFUSED'
  | 'UPSTREAM_UNREACHABLE'
  | 'UPSTREAM_PIN'
  // why a request was refused or an answer withheld
  | 'STORE_UNAVAILABLE'
  | 'QUEUE_FULL'
  | 'INTERNAL'

/** An error with a stable {@link ErrorCode}; its message says what was expected, what was found and what to do. */
export class KeytrailError extends Error {
  override readonly name = 'KeytrailError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
