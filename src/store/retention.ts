import type { Database, Environment } from './environment.ts'
import { Purpose, parseScheduleKey, scheduleKey } from './layout.ts'
import { destroyRing } from './lifecycle.ts'
import type { Ring } from './ring.ts'

/** How the sweeper gets at rings within the writer's transaction. */
interface Rings {
  ring(key: string): Ring | null
  destroyed(key: string): void
}

/** Every ring has one sweep scheduled, so that an idle one is swept too. Needs a transaction. */
export function scheduleSweep(schedule: Database, ring: Ring, due: number): void {
  schedule.put(scheduleKey(due, Purpose.sweep, ring.state.ring), Buffer.from(ring.key))
}

/** Whether a timer is due at `now` (Unix ms). */
export function hasDueTimer(schedule: Database, now: number): boolean {
  for (const _ of schedule.keys({ ...untilDue(now), limit: 1 })) return true
  return false
}

/** Works off at most `limit` due timers; returns how many there were. Needs a transaction. */
export function sweepDue(
  environment: Environment,
  { now, limit, ageMs }: { readonly now: number; readonly limit: number; readonly ageMs: number },
  rings: Rings,
): number {
  const { schedule } = environment
  const due = [...schedule.range({ ...untilDue(now), limit })]
  for (const { key, value } of due) {
    schedule.remove(key)
    const { purpose, ring: number } = parseScheduleKey(key)
    const ring = rings.ring(value.toString())
    // The ring this timer was for may be gone, and its key id in use again.
    if (ring === null || ring.state.ring !== number) continue
    if (purpose === Purpose.destroy) {
      const { destroyBy, destroyAddress } = ring.state
      destroyRing(environment, ring, { time: now, by: destroyBy || 'system', address: destroyAddress })
      rings.destroyed(ring.key)
    } else {
      // The transaction evicts from every ring it touched: here only the next sweep is set.
      const { firstSeq, nextSeq, oldestTime } = ring.state
      scheduleSweep(schedule, ring, Math.max(firstSeq < nextSeq ? oldestTime + ageMs : 0, now + ageMs / 30))
    }
  }
  return due.length
}

/** Bounds of the timers due at `now`, that very millisecond included. */
function untilDue(now: number): { start: Buffer; end: Buffer } {
  return { start: scheduleKey(0, 0, 0), end: scheduleKey(now + 1, 0, 0) }
}
