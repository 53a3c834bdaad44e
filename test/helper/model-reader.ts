import { createHash } from 'node:crypto'
import type { AuditRecord } from '../../src/record.ts'
import type {
  Coverage,
  HistoryPage,
  HistoryQuery,
  KeySummary,
  Reader,
  RingName,
  StoredRecord,
  Tombstone,
} from '../../src/store/reader.ts'
import { modelHistogram, modelNewer } from './model-figures.ts'
import { matches } from './model-match.ts'

/** What a ring of the model may keep. */
export interface ModelRetention {
  readonly records: number
  readonly ageMs: number
  /** Records one filtered query may look at; all of them by default. */
  readonly budget?: number
}

interface ModelRing {
  readonly since: number
  readonly order: number
  readonly kept: StoredRecord[]
  nextSeq: number
  evictedByCount: number
  evictedByAge: number
  lost: number
  destroyAt: number | null
  hash: string
}

/**
 * The store in memory, written for clearness only: the reference that the real one is compared with. Its one
 * liberty is `coverage.head.hash`, which here hashes JSON: compare everything else.
 */
export interface ModelReader extends Reader {
  /** Appends to a ring, which is opened at the clock's time where there is none. */
  append(ring: RingName, record: AuditRecord): StoredRecord
  /** Evicts by age, as the sweeper does for idle rings. */
  sweep(): void
  /** Counts records lost to `ring`. */
  lose(ring: RingName, count: number): void
  schedule(key: string, destroyAt: number | null): void
  destroy(key: string, by: string, address: string): void
}

/** A model of the store; `clock` gives Unix ms. */
export function createModelReader(retention: ModelRetention, clock: () => number): ModelReader {
  const rings = new Map<string, ModelRing>()
  const tombstones: Tombstone[] = []
  const lastUses = new Map<string, number>()
  const changes: string[] = []
  let opened = 0

  const find = (name: RingName): ModelRing | null => rings.get(ringId(name)) ?? null
  const open = (name: RingName): ModelRing => {
    const ring = find(name) ?? newRing(clock(), opened++)
    rings.set(ringId(name), ring)
    return ring
  }

  return {
    append(name, record) {
      const ring = open(name)
      const time = Math.max(record.time, ring.kept.at(-1)?.time ?? 0)
      const stored = {
        ...record,
        time,
        key: name.kind === 'key' ? name.key : record.key,
        seq: ring.nextSeq++,
      }
      ring.kept.push(stored)
      if (name.kind === 'key') {
        changes.push(name.key)
        if (stored.outcome === 'success' && stored.class === 'use') lastUses.set(name.key, time)
      }
      ring.hash = hash(ring.hash, stored)
      evict(ring, retention, clock())
      return stored
    },
    sweep() {
      for (const ring of rings.values()) evict(ring, retention, clock())
    },
    lose(name, count) {
      open(name).lost += count
    },
    schedule(key, destroyAt) {
      const ring = find({ kind: 'key', key })
      if (ring !== null) ring.destroyAt = destroyAt
    },
    destroy(key, by, address) {
      const ring = find({ kind: 'key', key })
      if (ring === null) return
      rings.delete(ringId({ kind: 'key', key }))
      lastUses.delete(key)
      const cause = { time: clock(), channel: 'api', by, address, scheduledBy: '' } as const
      tombstones.unshift({ key, ...cause, records: ring.nextSeq - 1, hash: ring.hash })
    },
    keys(after, limit) {
      const ids = [...rings.keys()].filter((id) => id.startsWith('k')).map((id) => id.slice(1))
      return ids
        .sort(compareBytes)
        .filter((id) => after === '' || compareBytes(id, after) > 0)
        .slice(0, limit)
        .map((id) => summary(id, open({ kind: 'key', key: id }), retention, clock()))
    },
    key(key) {
      const ring = find({ kind: 'key', key })
      return ring === null ? null : summary(key, ring, retention, clock())
    },
    history(name, query) {
      const ring = find(name)
      return ring === null ? null : page(visible(ring, retention, clock()), query, retention.budget)
    },
    lastUse(key) {
      const ring = find({ kind: 'key', key })
      const kept = ring === null ? [] : visible(ring, retention, clock()).kept
      return kept.findLast((record) => record.outcome === 'success' && record.class === 'use') ?? null
    },
    histogram(name, query) {
      const ring = find(name)
      return ring === null ? null : modelHistogram(visible(ring, retention, clock()).kept, query)
    },
    newer(key, filter, after, window) {
      const ring = find({ kind: 'key', key })
      return ring === null
        ? null
        : modelNewer(ring, visible(ring, retention, clock()).kept, filter, after, window)
    },
    failures(key, from, after) {
      const ring = find({ kind: 'key', key })
      if (ring === null) return null
      const behind = visible(ring, retention, clock()).kept.filter(
        ({ seq, time }) => seq > after && time >= from,
      )
      const failed = behind.filter(({ outcome }) => outcome === 'failure')
      return { failures: failed.length, position: ring.nextSeq - 1 }
    },
    keyUses(after, limit) {
      return this.keys(after, limit).map(({ key }) => ({ key, lastUse: lastUses.get(key) ?? 0 }))
    },
    keyUse(key) {
      return find({ kind: 'key', key }) === null ? null : { key, lastUse: lastUses.get(key) ?? 0 }
    },
    keyChanges(position) {
      const keys = position === null ? null : [...new Set(changes.slice(position))]
      return { keys, position: changes.length }
    },
    tombstones(before, limit) {
      const start = before === null ? 0 : tombstones.length - Number(before)
      const found = tombstones.slice(start, start + limit)
      const end = start + found.length
      return {
        tombstones: found,
        nextBefore: end < tombstones.length ? String(tombstones.length - end) : null,
      }
    },
    tombstone(key) {
      return tombstones.find((tombstone) => tombstone.key === key) ?? null
    },
    close() {},
  }
}

function ringId(name: RingName): string {
  return name.kind === 'key' ? `k${name.key}` : 'u'
}

function newRing(since: number, order: number): ModelRing {
  const hash = createHash('sha256').update(`ring ${order}`).digest('hex')
  return {
    ...{ since, order, hash, kept: [], nextSeq: 1 },
    ...{ evictedByCount: 0, evictedByAge: 0, lost: 0, destroyAt: null },
  }
}

function hash(previous: string, record: StoredRecord): string {
  return createHash('sha256').update(previous).update(JSON.stringify(record)).digest('hex')
}

/** How many of the oldest records must go: first the count decides, then the age. */
function due(ring: ModelRing, retention: ModelRetention, now: number): { byCount: number; byAge: number } {
  const byCount = Math.max(0, ring.kept.length - retention.records)
  let end = byCount
  // A ring is sorted by time: what is too old comes first.
  while (end < ring.kept.length && (ring.kept[end]?.time ?? 0) < now - retention.ageMs) end++
  return { byCount, byAge: end - byCount }
}

function evict(ring: ModelRing, retention: ModelRetention, now: number): void {
  const { byCount, byAge } = due(ring, retention, now)
  if (byCount + byAge > 0) ring.kept.splice(0, byCount + byAge)
  ring.evictedByCount += byCount
  ring.evictedByAge += byAge
}

interface Visible extends Pick<ModelRing, 'kept' | 'evictedByCount' | 'evictedByAge'> {
  readonly ring: ModelRing
}

/** What may be seen of `ring` at `now`, however late it is evicted. */
function visible(ring: ModelRing, retention: ModelRetention, now: number): Visible {
  const { byCount, byAge } = due(ring, retention, now)
  return {
    ring,
    kept: ring.kept.slice(byCount + byAge),
    evictedByCount: ring.evictedByCount + byCount,
    evictedByAge: ring.evictedByAge + byAge,
  }
}

function coverage({ ring, kept, evictedByCount, evictedByAge }: Visible): Coverage {
  return {
    oldest: kept[0]?.time ?? null,
    evictedByCount,
    evictedByAge,
    lost: ring.lost,
    unknown: kept.filter((record) => record.outcome === 'unknown').length,
    redacted: 0,
    head: { seq: ring.nextSeq - 1, hash: ring.hash },
  }
}

function summary(key: string, ring: ModelRing, retention: ModelRetention, now: number): KeySummary {
  const seen = visible(ring, retention, now)
  return {
    key,
    state: ring.destroyAt === null ? 'live' : 'destruction-scheduled',
    destroyAt: ring.destroyAt,
    since: ring.since,
    records: seen.kept.length,
    lastActivity: seen.kept.at(-1)?.time ?? null,
    coverage: coverage(seen),
  }
}

function page(seen: Visible, query: HistoryQuery, budget = Number.POSITIVE_INFINITY): HistoryPage {
  const before = query.before ?? Number.POSITIVE_INFINITY
  const period = seen.kept.filter((record) => inPeriod(record, query)).reverse()
  const behind = period.filter((record) => record.seq < before)
  // Without a filter, places are computed: there is nothing to look at.
  const work = isFiltered(query) ? budget : Number.POSITIVE_INFINITY
  const scanned = behind.slice(0, work)
  const found = scanned.filter((record) => matches(record, query)).slice(query.offset)
  const records = found.slice(0, query.limit)
  const last =
    found.length > records.length ? records.at(-1) : behind.length > work ? scanned.at(-1) : undefined
  return {
    records,
    nextBefore: last?.seq ?? null,
    total: period.length > work ? null : period.filter((record) => matches(record, query)).length,
    coverage: coverage(seen),
  }
}

function inPeriod({ time }: StoredRecord, { from, to }: HistoryQuery): boolean {
  return (from === null || time >= from) && (to === null || time <= to)
}

function isFiltered({ q, action, requester, address, channel, outcome }: HistoryQuery): boolean {
  return [q, action, requester, address, channel, outcome].some((filter) => filter !== '')
}

/** Key ids are in the order of their UTF-8 bytes. */
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
