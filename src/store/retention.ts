import type { Database, Environment } from './environment.ts'
import { Purpose, parseScheduleKey, scheduleKey } from './layout.ts'
import { destroyRing, dueDestruction } from './lifecycle.ts'
import type { Ring } from './ring.ts'

/** How the sweeper gets at rings within the writer's transaction. */
interface Rings {
  ring(key: string): Ring | null
}

/** Every ring has one sweep scheduled, so that an idle one is swept too. Needs a transaction. */
export function scheduleSweep(schedule: Database, ring: Ring, due: number): void {
  schedule.put(scheduleKey(Purpose.sweep, due, ring.state.ring), Buffer.from(ring.key))
}

/** Whether a timer is due at `now` (Unix ms). */
export function hasDueTimer(schedule: Database, now: number): boolean {
  for (const purpose of [Purpose.destroy, Purpose.sweep]) {
    for (const _ of schedule.keys({ ...untilDue(purpose, now), limit: 1 })) return true
  }
  return false
}

/** Carries out at most `limit` scheduled destructions that are due; returns how many. Needs a transaction. */
export function destroyDue(
  environment: Environment,
  { now, limit }: { readonly now: number; readonly limit: number },
  rings: Rings & { destroyed(key: string): void },
): number {
  const due = takeDue(environment.schedule, Purpose.destroy, now, limit)
  for (const timer of due) {
    const ring = ringOf(timer, rings)
    if (ring === null) continue
    destroyRing(environment, ring, dueDestruction(ring.state, now))
    rings.destroyed(ring.key)
  }
  return due.length
}

/** Works off at most `limit` due sweeps; returns how many there were. Needs a transaction. */
export function sweepDue(
  { schedule }: Environment,
  { now, limit, ageMs }: { readonly now: number; readonly limit: number; readonly ageMs: number },
  rings: Rings,
): number {
  const due = takeDue(schedule, Purpose.sweep, now, limit)
  for (const timer of due) {
    const ring = ringOf(timer, rings)
    if (ring === null) continue
    // The transaction evicts from every ring it touched: here only the next sweep is set.
    const { firstSeq, nextSeq, oldestTime } = ring.state
    scheduleSweep(schedule, ring, Math.max(firstSeq < nextSeq ? oldestTime + ageMs : 0, now + ageMs / 30))
  }
  return due.length
}

interface Timer {
  readonly key: string
  readonly ring: number
}

function takeDue(schedule: Database, purpose: number, now: number, limit: number): Timer[] {
  const due = [...schedule.range({ ...untilDue(purpose, now), limit })]
  for (const { key } of due) schedule.remove(key)
  return due.map(({ key, value }) => ({ key: value.toString(), ring: parseScheduleKey(key).ring }))
}

/** null where the ring this timer was for is gone, be its key id in use again or not. */
function ringOf({ key, ring: number }: Timer, rings: Rings): Ring | null {
  const ring = rings.ring(key)
  return ring?.state.ring === number ? ring : null
}

/** Bounds of the timers due at `now`, that very millisecond included. */
function untilDue(purpose: number, now: number): { start: Buffer; end: Buffer } {
  return { start: scheduleKey(purpose, 0, 0), end: scheduleKey(purpose, now + 1, 0) }
}
