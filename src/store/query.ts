import { clockStateOf } from './clock-hold.ts'
import type { Environment } from './environment.ts'
import { failuresIn } from './failures.ts'
import { type Gap, gapsOf } from './gap.ts'
import { histogramOf } from './histogram.ts'
import { changesSince } from './key-changes.ts'
import { fitsRing, keyOfRingState, ringStateKey, ringStatesAfter, UNATTRIBUTED_KEY } from './layout.ts'
import { compileMatch } from './match.ts'
import { checkFormat } from './meta.ts'
import { newerRecords } from './newer.ts'
import type {
  Coverage,
  HistoryPage,
  HistoryQuery,
  KeySummary,
  Reader,
  RingName,
  StoredRecord,
} from './reader.ts'
import { decodeRecord } from './record-codec.ts'
import type { RecordMatch } from './record-match.ts'
import type { Retention } from './ring.ts'
import { decodeRingState, lastUseOf } from './ring-state.ts'
import { RingView, type Visit } from './ring-view.ts'
import { tombstoneOf, tombstonesBefore } from './tombstone.ts'

export interface ReaderOptions {
  readonly environment: Environment
  readonly retention: Retention
  /** Unix ms. */
  readonly clock: () => number
  /** Most records that one query may scan. Default 1,000,000, some tenths of a second. */
  readonly budget?: number
}

const DEFAULT_BUDGET = 1_000_000

/** Reads of the store by {@link Reader}'s contract; each call sees the newest commit. */
export function createReader({
  environment,
  retention,
  clock,
  budget = DEFAULT_BUDGET,
}: ReaderOptions): Reader {
  const { keys, records, tombstones, changes } = environment
  checkFormat(environment.meta, environment.path)
  const held = (): boolean => clockStateOf(environment.meta).heldSince !== 0
  const gaps = (): readonly Gap[] => {
    const oldest = clock() - retention.ageMs
    return gapsOf(environment.meta).filter(({ to }) => to >= oldest)
  }
  const view = (stored: Buffer): RingView =>
    new RingView(decodeRingState(stored), records, retention, clock())
  const find = (ring: RingName): RingView | null => {
    if (ring.kind === 'key' && !fitsRing(ring.key)) return null
    environment.refresh()
    const stored = keys.get(ring.kind === 'key' ? ringStateKey(ring.key) : UNATTRIBUTED_KEY)
    return stored === undefined ? null : view(stored)
  }
  return {
    keys(after, limit) {
      environment.refresh()
      const bounds = { ...ringStatesAfter(after), limit }
      const clockHeld = held()
      return [...keys.range(bounds)].map(({ key, value }) =>
        summary(keyOfRingState(key), view(value), clockHeld),
      )
    },
    key(key) {
      const found = find({ kind: 'key', key })
      return found === null ? null : summary(key, found, held(), gaps())
    },
    history(ring, query) {
      const found = find(ring)
      if (found === null) return null
      const shown = page(found, ring.kind === 'key' ? ring.key : '', query, budget)
      return { ...shown, coverage: coverage(found, held(), gaps()) }
    },
    lastUse(key) {
      const found = find({ kind: 'key', key })
      if (found === null || found.state.lastUseSeq < found.first) return null
      return collect(found, key, found.state.lastUseSeq, found.state.lastUseSeq + 1, 1)[0] ?? null
    },
    histogram(ring, query) {
      const found = find(ring)
      return found === null ? null : histogramOf(found, query, compileMatch(query), budget)
    },
    newer(key, filter, after, window) {
      const found = find({ kind: 'key', key })
      return found === null ? null : newerRecords(found, key, compileMatch(filter), { after, window })
    },
    failures(key, from, after) {
      const found = find({ kind: 'key', key })
      return found === null ? null : failuresIn(found, from, after, budget)
    },
    keyUses(after, limit) {
      environment.refresh()
      const found = keys.range({ ...ringStatesAfter(after), limit })
      return Array.from(found, ({ key, value }) => ({ key: keyOfRingState(key), lastUse: lastUseOf(value) }))
    },
    keyUse(key) {
      environment.refresh()
      const stored = fitsRing(key) ? keys.get(ringStateKey(key)) : undefined
      return stored === undefined ? null : { key, lastUse: lastUseOf(stored) }
    },
    keyChanges(position) {
      environment.refresh()
      return changesSince(changes, position)
    },
    tombstones(before, limit) {
      environment.refresh()
      return tombstonesBefore(tombstones, before, limit)
    },
    tombstone(key) {
      environment.refresh()
      return fitsRing(key) ? tombstoneOf(tombstones, keys, key) : null
    },
    close() {
      void environment.close()
    },
  }
}

/** The part of a ring that a query is about, as sequence numbers. */
interface Period {
  readonly from: number
  /** Exclusive. */
  readonly end: number
  /** Where the page starts: the records before this one. */
  readonly before: number
}

function page(view: RingView, key: string, query: HistoryQuery, budget: number): Found {
  const from = query.from === null ? view.first : Math.max(view.first, view.firstSince(query.from))
  const end = query.to === null ? view.end : view.firstSince(query.to + 1)
  const period = { from, end, before: Math.min(end, query.before ?? end) }
  const match = compileMatch(query)
  return match === null && view.state.redacted === 0
    ? wholePage(view, key, query, period)
    : scannedPage(view, key, query, period, match ?? EVERY, budget)
}

const EVERY: RecordMatch = { block: () => true, record: () => true }

type Found = Omit<HistoryPage, 'coverage'>

/** Where every record matches, places are computed and nothing is scanned. */
function wholePage(view: RingView, key: string, { offset, limit }: HistoryQuery, period: Period): Found {
  const { from, end, before } = period
  const records = collect(view, key, from, before - offset, limit)
  const last = records.at(-1)?.seq ?? from
  return { records, nextBefore: last > from ? last : null, total: Math.max(0, end - from) }
}

/** Scans at most `budget` records: the whole period where that is enough to count it, else until the page is full. */
function scannedPage(
  view: RingView,
  key: string,
  { offset, limit }: HistoryQuery,
  { from, end, before }: Period,
  match: RecordMatch,
  budget: number,
): Found {
  const countable = end - from <= budget
  const lowest = Math.max(from, before - budget)
  const records: StoredRecord[] = []
  let matching = 0
  const enter = (bytes: Buffer): boolean => match.block(bytes)
  const collect: Visit = (bytes, start, stop, seq) => {
    if (!match.record(bytes, start)) return true
    matching++
    if (matching > offset && records.length <= limit) {
      records.push({ ...decodeRecord(bytes, start, stop, key), seq })
    }
    return countable || records.length <= limit
  }
  view.walkBack(lowest, before, collect, enter)
  const more = records.length > limit
  if (more) records.pop()
  const unscanned = lowest > from ? lowest : null
  const nextBefore = more ? (records.at(-1)?.seq ?? null) : unscanned
  if (!countable) return { records, nextBefore, total: null }
  const count: Visit = (bytes, start) => {
    if (match.record(bytes, start)) matching++
    return true
  }
  view.walkBack(Math.max(from, before), end, count, enter)
  return { records, nextBefore, total: matching }
}

function collect(view: RingView, key: string, from: number, before: number, limit: number): StoredRecord[] {
  const found: StoredRecord[] = []
  view.walkBack(Math.max(from, before - limit), before, (bytes, start, stop, seq) => {
    found.push({ ...decodeRecord(bytes, start, stop, key), seq })
    return true
  })
  return found
}

function coverage(view: RingView, clockHeld: boolean, gaps: readonly Gap[] = []): Coverage {
  const { state, hidden } = view
  return {
    oldest: view.oldest(),
    evictedByCount: state.evictedByCount + hidden.byCount,
    evictedByAge: state.evictedByAge + hidden.byAge,
    lost: state.lost,
    unknown: view.unknown(),
    redacted: view.redacted(),
    ...(clockHeld && { clockHeld }),
    ...(gaps.length > 0 && { gaps }),
    head: { seq: state.nextSeq - 1, hash: state.hash.toString('hex') },
  }
}

function summary(key: string, view: RingView, clockHeld: boolean, gaps?: readonly Gap[]): KeySummary {
  const { state } = view
  return {
    key,
    state: state.destroyAt === 0 ? 'live' : 'destruction-scheduled',
    destroyAt: state.destroyAt === 0 ? null : state.destroyAt,
    since: state.openedAt,
    records: view.end - view.first,
    lastActivity: view.first < view.end ? state.newestTime : null,
    coverage: coverage(view, clockHeld, gaps),
  }
}
