import type { Database, Environment } from './environment.ts'
import { Purpose, parseScheduleKey, scheduleKey } from './layout.ts'
import { destroyRing, dueDestruction } from './lifecycle.ts'
import type { Retention, Ring } from './ring.ts'

/** How the sweeper gets at rings within the writer's transaction. */
export interface Rings {
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
    // The ring itself has the last word on whether, and when, it goes.
    if (ring === null || ring.state.destroyAt === 0 || ring.state.destroyAt > now) continue
    destroyRing(environment, ring, dueDestruction(ring.state, now))
    rings.destroyed(ring.key)
  }
  return due.length
}

interface Slice {
  /** Unix ms. */
  readonly now: number
  /** Most rings. */
  readonly limit: number
  readonly ageMs: number
}

/** Works off at most `limit` due sweeps; returns how many there were. Needs a transaction. */
export function sweepDue({ schedule }: Environment, slice: Slice, rings: Rings): number {
  const due = takeDue(schedule, Purpose.sweep, slice.now, slice.limit)
  for (const timer of due) sweep(schedule, timer, slice, rings)
  return due.length
}

/** The transaction evicts from every ring it touched: here only the next sweep is set. */
function sweep(schedule: Database, timer: Timer, { now, ageMs }: Slice, rings: Rings): void {
  const ring = ringOf(timer, rings)
  if (ring === null) return
  const { firstSeq, nextSeq, oldestTime } = ring.state
  scheduleSweep(schedule, ring, Math.max(firstSeq < nextSeq ? oldestTime + ageMs : 0, now + ageMs / 30))
}

const RETENTION = Buffer.from('retention')
const RESWEEP = Buffer.from('resweep')

/** Notes what is kept from now on; where that is less than before, every ring is to be swept. Needs a transaction. */
export function noteRetention(meta: Database, { records, ageMs }: Retention): void {
  const stored = meta.get(RETENTION)
  const before: Pick<Retention, 'records' | 'ageMs'> =
    stored === undefined ? { records, ageMs } : JSON.parse(stored.toString())
  if (records < before.records || ageMs < before.ageMs) meta.put(RESWEEP, scheduleKey(Purpose.sweep, 0, 0))
  meta.put(RETENTION, Buffer.from(JSON.stringify({ records, ageMs })))
}

export function isResweeping(meta: Database): boolean {
  return meta.get(RESWEEP) !== undefined
}

/** Goes on sweeping rings before their time, after retention was made smaller; returns how many. Needs a transaction. */
export function resweep({ meta, schedule }: Environment, slice: Slice, rings: Rings): number {
  const start = meta.get(RESWEEP)
  if (start === undefined) return 0
  const bounds = { start, end: scheduleKey(Purpose.sweep + 1, 0, 0), limit: slice.limit }
  const found = [...schedule.range(bounds)]
  for (const { key, value } of found) {
    schedule.remove(key)
    sweep(schedule, { key: value.toString(), ring: parseScheduleKey(key).ring }, slice, rings)
  }
  const last = found.at(-1)
  if (last === undefined || found.length < slice.limit) meta.remove(RESWEEP)
  else meta.put(RESWEEP, Buffer.concat([last.key, Buffer.alloc(1)]))
  return found.length
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
