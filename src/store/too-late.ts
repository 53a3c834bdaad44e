import type { Environment } from './environment.ts'
import { recordDuration, recordTime } from './record-codec.ts'
import { countLate, tombstoneOf } from './tombstone.ts'

/** An encoded record of `key` that is to be stored at `now`, Unix ms. */
interface Arrival {
  readonly key: string
  readonly record: Buffer
  readonly now: number
}

/**
 * Whether a record's key has been destroyed meanwhile; counted in its tombstone. An exchange that began before that
 * must neither open a new ring nor get into one. A tombstone of the future tells that the clock was put back since:
 * it says nothing of what came after that. Needs a transaction.
 */
export function cameTooLate({ tombstones, keys }: Environment, { key, record, now }: Arrival): boolean {
  const tombstone = tombstoneOf(tombstones, keys, key)
  if (tombstone === null) return false
  const time = recordTime(record, 0)
  if (time - recordDuration(record, 0) >= tombstone.time) return false
  if (tombstone.time > now && time <= now) return false
  countLate(tombstones, keys, key)
  return true
}
