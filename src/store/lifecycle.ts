import type { AuditRecord } from '../record.ts'
import { forgetCredentialsOf } from './credentials.ts'
import type { Database, Environment } from './environment.ts'
import { boundedTime, Purpose, ringStateKey, scheduleKey } from './layout.ts'
import { ringCount, setRingCount } from './meta.ts'
import type { Ring } from './ring.ts'
import { layTombstone } from './tombstone.ts'

/** When and by whom a key's destruction was asked for; `at` 0 cancels. */
export interface ScheduledDestruction {
  readonly at: number
  readonly by: string
  readonly address: string
}

/** What a record says of its key's scheduled destruction. */
export function destructionFor(
  { destruction, destroyAt }: { readonly destruction: string; readonly destroyAt: number },
  record: AuditRecord,
): ScheduledDestruction {
  return {
    // A date long past is due at once: 0 would cancel.
    at: destruction === 'scheduled' ? Math.max(1, boundedTime(destroyAt)) : 0,
    by: record.requester.id,
    address: record.address,
  }
}

/** Sets or cancels the ring's destruction timer. Needs a transaction. */
export function settleDestruction(
  schedule: Database,
  ring: Ring,
  { at, by, address }: ScheduledDestruction,
): void {
  const { state } = ring
  if (state.destroyAt !== 0) schedule.remove(scheduleKey(state.destroyAt, Purpose.destroy, state.ring))
  if (at !== 0) schedule.put(scheduleKey(at, Purpose.destroy, state.ring), Buffer.from(ring.key))
  state.destroyAt = at
  state.destroyBy = at === 0 ? '' : by
  state.destroyAddress = at === 0 ? '' : address
}

/** Destroys the ring with every record of it; only a tombstone stays. Needs a transaction. */
export function destroyRing(
  environment: Environment,
  ring: Ring,
  { time, by, address }: { readonly time: number; readonly by: string; readonly address: string },
): void {
  const { meta, keys, schedule, tombstones } = environment
  const { state } = ring
  const records = state.nextSeq - 1
  ring.clear()
  if (state.destroyAt !== 0) schedule.remove(scheduleKey(state.destroyAt, Purpose.destroy, state.ring))
  keys.remove(ringStateKey(ring.key))
  forgetCredentialsOf(environment, ring.key)
  setRingCount(meta, ringCount(meta) - 1)
  layTombstone(tombstones, keys, state.ring, {
    key: ring.key,
    time,
    by,
    address,
    records,
    hash: state.hash.toString('hex'),
  })
}
