import { setImmediate as nextTurn } from 'node:timers/promises'

/** Entries looked at before other requests get their turn. */
const TURN = 500

/** Consecutive entries; `next` is the position behind them, null where nothing follows. */
export interface Batch<Entry> {
  readonly entries: readonly Entry[]
  readonly next: string | null
}

interface ListingOptions<Entry> {
  readonly limit: number
  /** Entries looked at, shown or not, for one page. */
  readonly budget: number
  readonly shows: (entry: Entry) => boolean
}

/**
 * Collects up to `limit` of the entries that `shows` lets through, from `start` on. A page may be short, even
 * empty, and yet have a position to go on from: the next page starts where the budget ended.
 */
export async function list<Entry>(
  fetch: (position: string, count: number) => Batch<Entry>,
  start: string,
  options: ListingOptions<Entry>,
): Promise<Batch<Entry>> {
  const shown: Entry[] = []
  let position = start
  let seen = 0
  let turn = TURN
  for (;;) {
    const batch = fetch(position, Math.min(TURN, options.limit - shown.length))
    for (const entry of batch.entries) if (options.shows(entry)) shown.push(entry)
    if (batch.next === null) return { entries: shown, next: null }
    position = batch.next
    seen += batch.entries.length
    if (shown.length === options.limit || seen >= options.budget) return { entries: shown, next: position }
    if (seen >= turn) {
      await nextTurn()
      turn = seen + TURN
    }
  }
}
