import { blockCount, blockNewest, blockOldest, FIRST_RECORD, nextRecord, recordEnd } from './block.ts'
import type { Database } from './environment.ts'
import { blockKey, seqOfBlockKey } from './layout.ts'
import { recordOutcome, recordTime } from './record-codec.ts'
import { isRedaction } from './redaction.ts'
import type { Retention } from './ring.ts'
import type { RingState } from './ring-state.ts'

/** Visits the record at `start`..`end` of `bytes`; returning false ends the walk. */
export type Visit = (bytes: Buffer, start: number, end: number, seq: number) => boolean

/**
 * What a reader may see of a ring at `now`: exactly what `retention` keeps, and nothing once its scheduled destruction
 * is due, however late the writer is.
 */
export class RingView {
  readonly state: RingState
  /** Oldest record that may be seen. */
  readonly first: number
  /** Sequence number behind the newest. */
  readonly end: number
  /** Records that are past retention, but that the writer has not evicted yet. */
  readonly hidden: { readonly byCount: number; readonly byAge: number }
  readonly #records: Database

  constructor(state: RingState, records: Database, retention: Retention, now: number) {
    this.state = state
    this.#records = records
    this.end = state.nextSeq
    const byCount = Math.max(state.firstSeq, state.nextSeq - retention.records)
    const cutoff = now - retention.ageMs
    const kept = state.oldestTime >= cutoff ? byCount : Math.max(byCount, this.firstSince(cutoff))
    this.hidden = { byCount: byCount - state.firstSeq, byAge: kept - byCount }
    const isDue = state.destroyAt !== 0 && state.destroyAt <= now
    this.first = isDue ? this.end : kept
  }

  /** Time of the oldest record that may be seen, Unix ms; null in an empty ring. */
  oldest(): number | null {
    let time: number | null = null
    this.#walk(this.first, Math.min(this.first + 1, this.end), (bytes, start) => {
      time = recordTime(bytes, start)
      return false
    })
    return time
  }

  /** How many of the records that may be seen have outcome `unknown`. */
  unknown(): number {
    const { unknown } = this.state
    return unknown === 0
      ? 0
      : unknown - this.#hidden((bytes, start) => recordOutcome(bytes, start) === 'unknown')
  }

  /** How many places of those that may be seen are redacted. */
  redacted(): number {
    const { redacted } = this.state
    return redacted === 0 ? 0 : redacted - this.#hidden(isRedaction)
  }

  /** How many of the records that may not be seen any more are `counted`. */
  #hidden(counted: (bytes: Buffer, start: number) => boolean): number {
    let found = 0
    const count: Visit = (bytes, start) => {
      if (counted(bytes, start)) found++
      return true
    }
    this.#walk(this.state.firstSeq, this.first, count)
    return found
  }

  /** First record whose time is at or after `time`; `end` where there is none. A ring is sorted by time. */
  firstSince(time: number): number {
    let low = this.state.firstBlock
    let high = this.end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const block = this.#blockOf(middle)
      if (block === null) return high
      // The bounds move by at least one record, so that this ends even where the store is damaged.
      if (blockNewest(block.bytes) < time) low = Math.max(middle + 1, block.seq + blockCount(block.bytes))
      else if (blockOldest(block.bytes) >= time) high = Math.min(middle, block.seq)
      else return firstInBlock(block.bytes, block.seq, time)
    }
    return high
  }

  /**
   * Walks from the record before `before` down to `first` (inclusive), newest first; leaves out the blocks that
   * `enter` says no to, and what is redacted.
   */
  walkBack(first: number, before: number, visit: Visit, enter?: (bytes: Buffer) => boolean): void {
    if (this.state.redacted === 0) this.#walk(first, before, visit, enter)
    else this.#walk(first, before, (...found) => isRedaction(found[0], found[1]) || visit(...found), enter)
  }

  #walk(first: number, before: number, visit: Visit, enter?: (bytes: Buffer) => boolean): void {
    if (before <= first) return
    const { ring } = this.state
    const starts: number[] = []
    const bounds = { start: blockKey(ring, before - 1), end: blockKey(ring, 0), reverse: true }
    for (const { key, value: bytes } of this.#records.range(bounds)) {
      const seq = seqOfBlockKey(key)
      if (enter === undefined || enter(bytes)) {
        const count = Math.min(blockCount(bytes), before - seq)
        recordStarts(bytes, count, starts)
        for (let i = count - 1; i >= Math.max(0, first - seq); i--) {
          const start = starts[i] as number
          if (!visit(bytes, start, recordEnd(bytes, start), seq + i)) return
        }
      }
      if (seq <= first) return
    }
  }

  #blockOf(seq: number): { bytes: Buffer; seq: number } | null {
    const { ring } = this.state
    const bounds = { start: blockKey(ring, seq), end: blockKey(ring, 0), reverse: true, limit: 1 }
    for (const { key, value } of this.#records.range(bounds)) return { bytes: value, seq: seqOfBlockKey(key) }
    return null
  }
}

/** Fills `starts` with the offsets of the first `count` records: lengths lead forward only. */
function recordStarts(bytes: Buffer, count: number, starts: number[]): void {
  let start = FIRST_RECORD
  for (let i = 0; i < count; i++) {
    starts[i] = start
    start = nextRecord(recordEnd(bytes, start))
  }
}

function firstInBlock(bytes: Buffer, seq: number, time: number): number {
  let start = FIRST_RECORD
  let at = seq
  while (recordTime(bytes, start) < time) {
    start = nextRecord(recordEnd(bytes, start))
    at++
  }
  return at
}
