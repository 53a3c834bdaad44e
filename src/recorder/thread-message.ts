import { getSystemErrorName } from 'node:util'
import { type FailureReason, reasonOf, StoreFailure } from './store-failure.ts'

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
  readonly reason: FailureReason
}

export function threadFailure(error: Error | null): ThreadFailure {
  const code = error === null ? '' : codeOf(error)
  const reason = error instanceof StoreFailure ? error.reason : reasonOf(code)
  return { kind: 'failed', message: error === null ? null : error.message, code, reason }
}

function codeOf(error: Error): string {
  const code = 'code' in error ? error.code : null
  // The store's library gives the system's error as its number.
  if (typeof code === 'number' && code > 0) return getSystemErrorName(-code)
  return typeof code === 'string' ? code : 'INTERNAL'
}
