/** How a request that Node's parser refused is answered and recorded. */
export interface Malformation {
  readonly status: number
  /** Stable word. */
  readonly reason: string
}

/** What `error` of a server's `clientError` event means; null where no request was refused (a reset, a hang-up). */
export function malformation(error: NodeJS.ErrnoException): Malformation | null {
  const code = error.code ?? ''
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, reason: 'headers-too-large' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, reason: 'request-timeout' }
  // Hung up half-way: what came was no request yet, and what is under way is the exchange's to record.
  if (code === 'HPE_INVALID_EOF_STATE') return null
  return code.startsWith('HPE_') ? { status: 400, reason: 'malformed' } : null
}
