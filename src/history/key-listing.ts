import type { KeySummary, Reader } from '../store/reader.ts'
import type { Batch } from './listing.ts'

/** The prefix of what starts with both; null where nothing does. */
export function wholePrefix(one: string, other: string): string | null {
  if (one.startsWith(other)) return one
  return other.startsWith(one) ? other : null
}

/** Up to `count` keys behind `after` that start with `prefix`, without looking at those before it. */
export function keysUnder(reader: Reader, prefix: string, after: string, count: number): Batch<KeySummary> {
  const keys: KeySummary[] = []
  const inside = after.startsWith(prefix)
  if (!inside) {
    // Ids are in the order of their bytes: what starts with a prefix lies right behind the prefix itself.
    if (Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0) return { entries: [], next: null }
    const exact = reader.key(prefix)
    if (exact !== null) keys.push(exact)
  }
  // One more than is asked for tells whether anything follows.
  for (const summary of reader.keys(inside ? after : prefix, count + 1 - keys.length)) {
    if (!summary.key.startsWith(prefix)) break
    if (keys.length === count) return { entries: keys, next: keys.at(-1)?.key ?? null }
    keys.push(summary)
  }
  return { entries: keys, next: null }
}
