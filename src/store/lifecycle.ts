import type { AuditRecord } from '../record.ts'
import { forgetCredentialsOf } from './credentials.ts'
import type { Database, Environment } from './environment.ts'
import { boundedTime, Purpose, ringStateKey, scheduleKey } from './layout.ts'
import { ringCount, setRingCount } from './meta.ts'
import type { Tombstone } from './reader.ts'
import { redactBlock } from './redaction.ts'
import type { Ring } from './ring.ts'
import type { RingState } from './ring-state.ts'
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
  if (state.destroyAt !== 0) schedule.remove(scheduleKey(Purpose.destroy, state.destroyAt, state.ring))
  if (at !== 0) schedule.put(scheduleKey(Purpose.destroy, at, state.ring), Buffer.from(ring.key))
  state.destroyAt = at
  state.destroyBy = at === 0 ? '' : by
  state.destroyAddress = at === 0 ? '' : address
}

/** How and by whom a ring is destroyed; see {@link Tombstone}. */
export type DestructionCause = Pick<Tombstone, 'time' | 'channel' | 'by' | 'address' | 'scheduledBy'>

/** The cause of a destruction that was asked for in `record`. */
export function askedDestruction({ time, channel, requester, address }: AuditRecord): DestructionCause {
  return { time, channel, by: requester.id, address, scheduledBy: '' }
}

/** The cause of a scheduled destruction that the sidecar carries out at `now` (Unix ms). */
export function dueDestruction({ destroyBy, destroyAddress }: RingState, now: number): DestructionCause {
  return { time: now, channel: 'system', by: 'system', address: destroyAddress, scheduledBy: destroyBy }
}

/** Destroys the ring with every record of it; only a tombstone stays. Needs a transaction. */
export function destroyRing(environment: Environment, ring: Ring, cause: DestructionCause): void {
  const { meta, keys, schedule, tombstones } = environment
  const { state } = ring
  const records = state.nextSeq - 1
  ring.clear()
  if (state.destroyAt !== 0) schedule.remove(scheduleKey(Purpose.destroy, state.destroyAt, state.ring))
  keys.remove(ringStateKey(ring.key))
  forgetCredentialsOf(environment, ring.key)
  setRingCount(meta, ringCount(meta) - 1)
  layTombstone(tombstones, keys, state.ring, {
    key: ring.key,
    ...cause,
    records,
    hash: state.hash.toString('hex'),
  })
}

/**
 * Redacts what the unattributed ring has of requests for `keys` from before their rings were opened. Its whole
 * length is looked through: some ms for a ring of 30,000. Needs a transaction.
 */
export function redactKeys(unattributed: Ring, keys: ReadonlySet<string>): void {
  const { state } = unattributed
  const names = Array.from(keys, (key) => Buffer.from(key))
  unattributed.rewriteBlocks((block, first) => {
    if (!names.some((name) => block.includes(name))) return null
    return redactBlock(block, keys, (index, outcome) => {
      if (first + index < state.firstSeq) return
      state.redacted++
      if (outcome === 'unknown') state.unknown--
    })
  })
}
