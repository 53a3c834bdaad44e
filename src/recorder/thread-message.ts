/** What the journal's thread sends when COMMITTED has moved. */
export const ACKNOWLEDGEMENT = 'ack'

/** What the applying thread sends to have an open intent journalled once more: the bytes of its entry. */
export interface Renewal {
  readonly kind: 'renew'
  readonly entry: Uint8Array
}

/** What a thread sends when it can't do its work. */
export interface ThreadFailure {
  readonly kind: 'failed'
  /** null: it can again. */
  readonly message: string | null
  /** The system's error code (`ENOSPC`), or keytrail's own. */
  readonly code: string
}

export function threadFailure(error: Error | null): ThreadFailure {
  if (error === null) return { kind: 'failed', message: null, code: '' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL'
  return { kind: 'failed', message: error.message, code }
}
