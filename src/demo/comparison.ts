import type { Expectation } from '../devkms/traffic/expectation.ts'
import type { SeenHistory, SeenRecord, SeenRing } from './seen-history.ts'

/** What the history shows of what was sent. */
export interface Comparison {
  /** Requests with their record in the ring of their key. */
  readonly inKey: number
  /** Requests with their record among those that belong to no known key. */
  readonly unattributed: number
  /** Requests whose records went with their key, as they must. */
  readonly destroyed: number
  /** Requests whose records had to give way to newer ones. */
  readonly evicted: number
  /** Newest first. */
  readonly missing: readonly Expectation[]
  /** Keys that were destroyed, and of which something is left, or no tombstone. */
  readonly left: readonly string[]
}

/** A step of the clock between a request and its record, in ms, that is no reason to call it missing. */
const CLOCK_STEP_MS = 1000

/** Looks for the record of each request: key, time, channel, requester, action, outcome and status must fit. */
export function compare(sent: readonly Expectation[], seen: SeenHistory): Comparison {
  const destroyedAt = destructions(sent)
  const unattributed = new Shelf(seen.unattributed)
  const shelves = new Map([...seen.rings].map(([key, ring]) => [key, new Shelf(ring)]))
  const counts = { inKey: 0, unattributed: 0, destroyed: 0, evicted: 0 }
  const isFound = (one: Expectation, slackMs: number): boolean => {
    if (one.answeredAt <= (destroyedAt.get(one.key) ?? Number.NEGATIVE_INFINITY)) counts.destroyed++
    else if (shelves.get(one.key)?.take(one, slackMs)) counts.inKey++
    else if (unattributed.take(one, slackMs)) counts.unattributed++
    else return false
    return true
  }
  // The newest first: its record was certainly not evicted for another's.
  const notFound = sent
    .toReversed()
    .filter((one) => !isFound(one, 0))
    .filter((one) => !isFound(one, CLOCK_STEP_MS))
  const missing = notFound.filter((one) => !(shelves.get(one.key) ?? unattributed).hasEvicted(one))
  counts.evicted = notFound.length - missing.length
  const left = [...destroyedAt.keys()].filter((key) => seen.rings.has(key) || !seen.tombstones.has(key))
  return { ...counts, missing, left }
}

/** When each key that was deleted for good was deleted. */
function destructions(sent: readonly Expectation[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { destroyedKey, answeredAt } of sent)
    if (destroyedKey !== undefined) times.set(destroyedKey, answeredAt)
  return times
}

interface Entry {
  readonly record: SeenRecord
  /** Unix ms. */
  readonly time: number
}

/** The records of a ring, each of which stands for one request only. */
class Shelf {
  /** Newest first, by what must be equal in any case. */
  readonly #entries = new Map<string, Entry[]>()
  readonly #oldest: number
  readonly #evictedByCount: number

  constructor({ records, evictedByCount }: SeenRing) {
    this.#evictedByCount = evictedByCount
    this.#oldest = Date.parse(records.at(-1)?.time ?? '')
    for (const record of records) {
      const { key = '', channel, action, requester } = record
      const name = nameOf({ key, channel, action, requester: requester.id ?? '' })
      const entries = this.#entries.get(name) ?? []
      entries.push({ record, time: Date.parse(record.time) })
      this.#entries.set(name, entries)
    }
  }

  /** Whether there is a record of this request, `slackMs` before or after it at most; it is gone from the shelf then. */
  take(one: Expectation, slackMs: number): boolean {
    const entries = this.#entries.get(nameOf(one)) ?? []
    const index = entries.findIndex((entry) => fits(entry, one, slackMs))
    if (index === -1) return false
    entries.splice(index, 1)
    return true
  }

  /** Whether a record of this request would have been evicted by now. */
  hasEvicted({ sentAt }: Expectation): boolean {
    return this.#evictedByCount > 0 && sentAt <= this.#oldest
  }
}

function nameOf({
  key,
  channel,
  action,
  requester,
}: Pick<Expectation, 'key' | 'channel' | 'action' | 'requester'>): string {
  return JSON.stringify([key, channel, action, requester])
}

/** Where no answer came, the upstream may have executed it or not. */
function fits(
  { record, time }: Entry,
  { outcome, status, sentAt, answeredAt }: Expectation,
  slackMs: number,
): boolean {
  if (time < sentAt - slackMs || time > answeredAt + slackMs) return false
  return outcome === 'unknown' || (record.outcome === outcome && (record.status ?? 0) === status)
}
