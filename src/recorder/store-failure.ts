import { KeytrailError } from '../errors.ts'

/** Why the store can't take an entry: stable words, for metrics and logs. */
export const FAILURE_REASONS = [
  'disk-full',
  'io-error',
  'map-full',
  'files-changed',
  'segments-in-use',
  'queue-full',
  'deadline',
  'thread-ended',
  'taken-over',
  'stopping',
] as const

export type FailureReason = (typeof FAILURE_REASONS)[number]

/** The store can't take an entry, for a {@link FailureReason}. */
export class StoreFailure extends KeytrailError {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(CODES[reason] ?? 'STORE_UNAVAILABLE', message)
    this.reason = reason
  }
}

const CODES: Partial<Record<FailureReason, 'QUEUE_FULL' | 'STORE_LOCKED'>> = {
  'queue-full': 'QUEUE_FULL',
  'taken-over': 'STORE_LOCKED',
}

/** The reason behind the code of an error: the system's (`ENOSPC`), or keytrail's own. */
export function reasonOf(code: string): FailureReason {
  return REASONS[code] ?? 'io-error'
}

const REASONS: Readonly<Record<string, FailureReason>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  // What the store’s writer throws where it has no room.
  STORE_UNAVAILABLE: 'map-full',
  STORE_LOCKED: 'taken-over',
  SEGMENTS_IN_USE: 'segments-in-use',
}

/** Nothing is taken any more. */
export const STOPPED = new StoreFailure('stopping', 'keytrail is stopping')

/** No failure of the store: it can't follow. */
export const QUEUE_FULL = new StoreFailure(
  'queue-full',
  'the queue to the journal is full: records come faster than they can be stored',
)
