import type { ClockHold } from './clock-hold.ts'
import { forgetExpiredCredentials, hasExpiredCredential } from './credentials.ts'
import type { Environment } from './environment.ts'
import { hasDueTimer, isResweeping, type Rings, resweep, sweepDue } from './retention.ts'
import type { Retention } from './ring.ts'
import { hasTombstoneBefore, removeTombstones } from './tombstone.ts'

/** What is kept up. */
export interface UpkeepOptions {
  readonly environment: Environment
  readonly retention: Retention
  /** Its state is kept in the store. */
  readonly hold?: Pick<ClockHold, 'isUnnoted' | 'note'> | undefined
}

/** Whether {@link keepUp} would find anything to do at `now` (Unix ms). */
export function needsUpkeep({ environment, retention, hold }: UpkeepOptions, now: number): boolean {
  const { meta, schedule, credentials, tombstones } = environment
  environment.refresh()
  return (
    hold?.isUnnoted === true ||
    isResweeping(meta) ||
    hasDueTimer(schedule, now) ||
    hasExpiredCredential(credentials, now) ||
    hasTombstoneBefore(tombstones, now - retention.tombstoneMs)
  )
}

/**
 * Has at most `limit` rings that nobody writes to drop what is too old, forgets expired tokens and old tombstones.
 * Needs a transaction, which evicts from the rings that are asked for. Returns how many rings it looked at.
 */
export function keepUp(
  { environment, retention }: UpkeepOptions,
  { now, limit }: { readonly now: number; readonly limit: number },
  rings: Rings,
): number {
  const { tombstones, keys } = environment
  removeTombstones(tombstones, keys, now - retention.tombstoneMs)
  forgetExpiredCredentials(environment, now, limit)
  const slice = { now, limit, ageMs: retention.ageMs }
  const due = sweepDue(environment, slice, rings)
  return due + (due < limit ? resweep(environment, { ...slice, limit: limit - due }, rings) : 0)
}
