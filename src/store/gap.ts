import type { Database } from './environment.ts'

/**
 * A time in which records may be missing without being counted: a run ended uncleanly in it, and what it had not
 * journalled went with it. Unix ms, both ends inclusive.
 */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** A run of keytrail, as it begins. */
export interface Run {
  readonly durability: 'strict' | 'committed' | 'async'
  /** Tells the machine's starts apart, so that a power cut can be told from a kill; '' where nothing does. */
  readonly boot: string
  /** When it begins, by the clock of the records: Unix ms. */
  readonly time: number
}

/** Gaps kept; the oldest are joined to one, so that none is ever forgotten. */
export const KEPT_GAPS = 100

/** Stands while a run goes on, and after it unless it ended cleanly. */
const RUN = Buffer.from('run')
const NEWEST = Buffer.from('newest')
const GAPS = Buffer.from('gaps')
const TIME_BYTES = 6
const GAP_BYTES = 2 * TIME_BYTES

/** Oldest first, at most {@link KEPT_GAPS}. */
export function gapsOf(meta: Database): Gap[] {
  const bytes = meta.get(GAPS) ?? Buffer.alloc(0)
  return Array.from({ length: bytes.length / GAP_BYTES }, (_, index) => ({
    from: bytes.readUIntBE(index * GAP_BYTES, TIME_BYTES),
    to: bytes.readUIntBE(index * GAP_BYTES + TIME_BYTES, TIME_BYTES),
  }))
}

/** Notes the time (Unix ms) of the newest record in the rings. Needs a transaction. */
export function noteNewest(meta: Database, time: number): void {
  const bytes = Buffer.alloc(TIME_BYTES)
  bytes.writeUIntBE(time, 0, TIME_BYTES)
  meta.put(NEWEST, bytes)
}

/**
 * Notes the run that begins, once all that is left of the one before is in the rings. Returns the gap which that
 * one may have left, null for none. Needs a transaction.
 */
export function beginRun(meta: Database, run: Run): Gap | null {
  const newest = meta.get(NEWEST)?.readUIntBE(0, TIME_BYTES) ?? run.time
  const gap = mayHaveLost(meta.get(RUN), run.boot)
    ? { from: Math.min(newest, run.time), to: Math.max(newest, run.time) }
    : null
  if (gap !== null) setGaps(meta, withGap(gapsOf(meta), gap))
  meta.put(RUN, Buffer.from(`${run.durability} ${run.boot}`))
  noteNewest(meta, run.time)
  return gap
}

/** Notes that the run has ended with everything in the rings. Needs a transaction. */
export function endRun(meta: Database): void {
  meta.remove(RUN)
}

/** What is written but not synced outlives a kill, not the machine's end: `committed` loses something then only. */
function mayHaveLost(run: Buffer | undefined, boot: string): boolean {
  if (run === undefined) return false
  const [durability = '', itsBoot = ''] = run.toString().split(' ')
  if (durability === 'async') return true
  return durability === 'committed' && (boot === '' || itsBoot !== boot)
}

/** Starts that broke off one after the other, with no record in between, leave one gap. */
function withGap(gaps: readonly Gap[], gap: Gap): Gap[] {
  const last = gaps.at(-1)
  const joined = last !== undefined && last.to === gap.from
  const all = joined ? [...gaps.slice(0, -1), { from: last.from, to: gap.to }] : [...gaps, gap]
  const [first, second, ...rest] = all
  if (all.length <= KEPT_GAPS || first === undefined || second === undefined) return all
  return [{ from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) }, ...rest]
}

function setGaps(meta: Database, gaps: readonly Gap[]): void {
  const bytes = Buffer.alloc(gaps.length * GAP_BYTES)
  gaps.forEach(({ from, to }, index) => {
    bytes.writeUIntBE(from, index * GAP_BYTES, TIME_BYTES)
    bytes.writeUIntBE(to, index * GAP_BYTES + TIME_BYTES, TIME_BYTES)
  })
  meta.put(GAPS, bytes)
}
