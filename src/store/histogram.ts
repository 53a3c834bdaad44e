import type { Outcome } from '../record.ts'
import { HISTOGRAM_VALUES, type Histogram, type HistogramQuery, type ValueCount } from './reader.ts'
import { actionAndRequester, recordOutcome, recordTime } from './record-codec.ts'
import type { RecordMatch } from './record-match.ts'
import type { RingView } from './ring-view.ts'

/** Distinct values counted of each field: more would be a flood of made-up names. */
const MOST_VALUES = 10_000

/** Counts the records of a period, newest first and at most `budget` of them. */
export function histogramOf(
  view: RingView,
  { from, to, bucketMs }: HistogramQuery,
  match: RecordMatch | null,
  budget: number,
): Histogram {
  const buckets = Math.floor((to - from) / bucketMs) + 1
  const counts: Record<Outcome, number[]> = {
    success: new Array(buckets).fill(0),
    failure: new Array(buckets).fill(0),
    unknown: new Array(buckets).fill(0),
  }
  const actions = new Tally()
  const requesters = new Tally()
  const first = Math.max(view.first, view.firstSince(from))
  const end = view.firstSince(to + 1)
  const lowest = Math.max(first, end - budget)
  const count = (bytes: Buffer, start: number): boolean => {
    if (match !== null && !match.record(bytes, start)) return true
    const outcome = recordOutcome(bytes, start)
    const bucket = Math.floor((recordTime(bytes, start) - from) / bucketMs)
    counts[outcome][bucket] = (counts[outcome][bucket] ?? 0) + 1
    const { action, requester } = actionAndRequester(bytes, start)
    actions.add(action, outcome)
    requesters.add(requester, outcome)
    return true
  }
  view.walkBack(lowest, end, count, (bytes) => match === null || match.block(bytes))
  const countedFrom = lowest > first ? timeOf(view, lowest) : null
  return { ...counts, actions: actions.top(), requesters: requesters.top(), countedFrom }
}

function timeOf(view: RingView, seq: number): number | null {
  let time: number | null = null
  view.walkBack(seq, seq + 1, (bytes, start) => {
    time = recordTime(bytes, start)
    return false
  })
  return time
}

/** Counts by value; values are latin1 renderings of UTF-8 bytes until they are named. */
class Tally {
  readonly #counts = new Map<string, { records: number; failures: number }>()

  add(value: string, outcome: Outcome): void {
    let count = this.#counts.get(value)
    if (count === undefined) {
      if (this.#counts.size >= MOST_VALUES) return
      count = { records: 0, failures: 0 }
      this.#counts.set(value, count)
    }
    count.records++
    if (outcome === 'failure') count.failures++
  }

  top(): ValueCount[] {
    return [...this.#counts]
      .sort(([one, a], [other, b]) => b.records - a.records || (one < other ? -1 : 1))
      .slice(0, HISTOGRAM_VALUES)
      .map(([value, count]) => ({ value: Buffer.from(value, 'latin1').toString(), ...count }))
  }
}
