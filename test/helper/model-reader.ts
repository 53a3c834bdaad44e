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

/** What a ring of the model may keep. */
export interface ModelRetention {
  readonly records: number
  readonly ageMs: number
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
      ring.hash = hash(ring.hash, stored)
      const { kept, evictedByCount, evictedByAge } = visible(ring, retention, clock())
      Object.assign(ring, { evictedByCount, evictedByAge })
      ring.kept.splice(0, ring.kept.length - kept.length)
      return stored
    },
    sweep() {
      for (const ring of rings.values()) {
        const { kept, evictedByCount, evictedByAge } = visible(ring, retention, clock())
        Object.assign(ring, { evictedByCount, evictedByAge })
        ring.kept.splice(0, ring.kept.length - kept.length)
      }
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
      tombstones.unshift({ key, time: clock(), by, address, records: ring.nextSeq - 1, hash: ring.hash })
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
      return ring === null ? null : page(visible(ring, retention, clock()), query)
    },
    lastUse(key) {
      const ring = find({ kind: 'key', key })
      const kept = ring === null ? [] : visible(ring, retention, clock()).kept
      return kept.findLast((record) => record.outcome === 'success' && record.class === 'use') ?? null
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

interface Visible extends Pick<ModelRing, 'kept' | 'evictedByCount' | 'evictedByAge'> {
  readonly ring: ModelRing
}

/** What may be seen of `ring` at `now`: first the count decides, then the age. */
function visible(ring: ModelRing, retention: ModelRetention, now: number): Visible {
  const byCount = Math.max(0, ring.kept.length - retention.records)
  const counted = ring.kept.slice(byCount)
  const kept = counted.filter((record) => record.time >= now - retention.ageMs)
  const byAge = counted.length - kept.length
  return {
    ring,
    kept,
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

function page(seen: Visible, query: HistoryQuery): HistoryPage {
  const matching = seen.kept.filter((record) => matches(record, query)).reverse()
  const before = query.before ?? Number.POSITIVE_INFINITY
  const behind = matching.filter((record) => record.seq < before).slice(query.offset)
  const records = behind.slice(0, query.limit)
  return {
    records,
    nextBefore: behind.length > records.length ? (records.at(-1)?.seq ?? null) : null,
    total: matching.length,
    coverage: coverage(seen),
  }
}

function matches(record: StoredRecord, query: HistoryQuery): boolean {
  return (
    (query.from === null || record.time >= query.from) &&
    (query.to === null || record.time <= query.to) &&
    (query.action === '' || record.action === query.action) &&
    (query.requester === '' || record.requester.id === query.requester) &&
    (query.address === '' || record.address === query.address) &&
    (query.channel === '' || record.channel === query.channel) &&
    (query.outcome === '' || record.outcome === query.outcome) &&
    contains(record, query.q)
  )
}

function contains(record: StoredRecord, q: string): boolean {
  const wanted = q.toLowerCase()
  // A keyword of ASCII alone folds ASCII alone: «k» does not find the Kelvin sign, whose lower case it is.
  const fold = isAscii(wanted) ? foldAscii : (text: string) => text.toLowerCase()
  const status = record.status === 0 ? '' : String(record.status)
  const { action, requester, address, outcome, errorCode, requestId } = record
  return [action, requester.id, address, outcome, status, errorCode, requestId].some((text) =>
    fold(text).includes(wanted),
  )
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Key ids are in the order of their UTF-8 bytes. */
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
