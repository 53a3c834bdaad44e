import type {
  Histogram,
  HistogramQuery,
  NewerRecords,
  RecordFilter,
  StoredRecord,
  ValueCount,
} from '../../src/store/reader.ts'
import { matches } from './model-match.ts'

/** The counts of `kept` (oldest first) by the reader's promise. */
export function modelHistogram(kept: readonly StoredRecord[], query: HistogramQuery): Histogram {
  const { from, to, bucketMs } = query
  const found = kept.filter((record) => record.time >= from && record.time <= to && matches(record, query))
  const starts: number[] = []
  for (let start = from; start <= to; start += bucketMs) starts.push(start)
  const counts = (outcome: string): number[] =>
    starts.map(
      (start) =>
        found.filter(
          (record) => record.outcome === outcome && record.time >= start && record.time < start + bucketMs,
        ).length,
    )
  return {
    success: counts('success'),
    failure: counts('failure'),
    unknown: counts('unknown'),
    actions: valueCounts(found, ({ action }) => action),
    requesters: valueCounts(found, ({ requester }) => requester.id),
    countedFrom: null,
  }
}

/** What `kept` has behind the position `after`. */
export function modelNewer(
  ring: { readonly nextSeq: number; readonly since: number },
  kept: readonly StoredRecord[],
  filter: RecordFilter,
  after: number,
  window: number,
): NewerRecords {
  const head = ring.nextSeq - 1
  const behind = kept.filter(({ seq }) => seq > after).slice(0, window)
  return {
    records: behind.filter((record) => matches(record, filter)),
    position: behind.at(-1)?.seq ?? head,
    missed: Math.max(0, (behind[0]?.seq ?? head + 1) - after - 1),
    head,
    openedAt: ring.since,
  }
}

function valueCounts(found: readonly StoredRecord[], of: (record: StoredRecord) => string): ValueCount[] {
  return [...new Set(found.map(of))]
    .map((value) => {
      const having = found.filter((record) => of(record) === value)
      const failures = having.filter(({ outcome }) => outcome === 'failure').length
      return { value, records: having.length, failures }
    })
    .sort((a, b) => b.records - a.records || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)))
    .slice(0, 50)
}
