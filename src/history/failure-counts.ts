import type { Reader } from '../store/reader.ts'

const DAY_MS = 86_400_000
/** How long a count is only added to; then what has left the day is taken out by counting anew. */
const FRESH_MS = 60_000
const MOST_KEYS = 10_000

interface Count {
  readonly openedAt: number
  readonly countedAt: number
  failures: number
  position: number
}

/** Failures of keys within the last day, counted when they are asked for: recording pays nothing for them. */
export class FailureCounts {
  readonly #reader: Reader
  readonly #clock: () => number
  readonly #counts = new Map<string, Count>()

  constructor(reader: Reader, clock: () => number) {
    this.#reader = reader
    this.#clock = clock
  }

  /**
   * Of the key whose ring was opened at `openedAt`; null where that is too much to count. At most a minute of
   * what has left the day is still in it.
   */
  of(key: string, openedAt: number): number | null {
    const now = this.#clock()
    const known = this.#counts.get(key)
    if (known === undefined || known.openedAt !== openedAt || now - known.countedAt > FRESH_MS) {
      this.#counts.delete(key)
      const counted = this.#reader.failures(key, now - DAY_MS, 0)
      if (counted !== null) this.#keep(key, { openedAt, countedAt: now, ...counted })
      return counted?.failures ?? null
    }
    const added = this.#reader.failures(key, now - DAY_MS, known.position)
    if (added === null) return null
    known.failures += added.failures
    known.position = added.position
    return known.failures
  }

  #keep(key: string, count: Count): void {
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size < MOST_KEYS) break
      this.#counts.delete(oldest)
    }
    this.#counts.set(key, count)
  }
}
