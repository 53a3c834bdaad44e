import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HistoryQuery, Reader, RingName, StoredRecord } from '../store/reader.ts'
import { invalidQuery } from './query-parameters.ts'

/** Records taken per query while counting; other requests get their turn in between. */
const STRIDE = 1000

/** Queries one page may cost: with it, rings far beyond the default retention are still counted. */
const MOST_QUERIES = 500

interface NumberedPage {
  readonly records: readonly StoredRecord[]
  /** All that match; at least so many where the ring is too large to count. */
  readonly total: number
}

/** What a numbered page asks: {@link HistoryQuery} with the page's own limit and offset, from the newest record on. */
type NumberedQuery = Omit<HistoryQuery, 'before'>

/**
 * A page by its number; null for a key without a ring. One query does for a ring whose matches the store can
 * count at once; in a larger one the matches are walked. Throws `QUERY_INVALID` for a page that lies too deep.
 */
export async function numberedPage(
  reader: Reader,
  ring: RingName,
  query: NumberedQuery,
): Promise<NumberedPage | null> {
  const page = reader.history(ring, { ...query, before: null })
  if (page === null) return null
  if (page.total !== null) return { records: page.records, total: page.total }
  return walk(reader, ring, query)
}

async function walk(reader: Reader, ring: RingName, query: NumberedQuery): Promise<NumberedPage | null> {
  const end = query.offset + query.limit
  const records: StoredRecord[] = []
  let total = 0
  let before: number | null = null
  for (let queries = 0; queries < MOST_QUERIES; queries++) {
    const page = reader.history(ring, { ...query, offset: 0, limit: STRIDE, before })
    if (page === null) return null
    records.push(...page.records.slice(Math.max(0, query.offset - total), Math.max(0, end - total)))
    total += page.records.length
    if (page.nextBefore === null) return { records, total }
    before = page.nextBefore
    await nextTurn()
  }
  if (total >= end) return { records, total }
  throw invalidQuery([
    { parameter: 'pageNo', expected: `a page within the newest ${total} matches`, found: 'one behind them' },
  ])
}
