import { createHash } from 'node:crypto'
import type { AuditRecord } from '../../src/record.ts'
import { genesisHash } from '../../src/store/chain.ts'
import type {
  Coverage,
  HistoryPage,
  HistoryQuery,
  KeySummary,
  StoredRecord,
  Tombstone,
} from '../../src/store/reader.ts'
import type { Retention } from '../../src/store/ring.ts'
import { recordBytes } from './audit-record.ts'

interface ModelRing {
  readonly since: number
  readonly number: number
  records: StoredRecord[]
  /** Every record ever taken. */
  taken: number
  newestTime: number
  evictedByCount: number
  evictedByAge: number
  lost: number
  destroy: { at: number; by: string; address: string } | null
  /** Sequence numbers of what named a key that was destroyed since. */
  redacted: Set<number>
  hash: Buffer
}

type Kept = Pick<ModelRing, 'records' | 'evictedByAge' | 'evictedByCount'>

/** How a record comes in: see Submission in the store's writer. */
export interface ModelEffect {
  readonly keyProven: boolean
  readonly destruction: 'none' | 'now' | 'scheduled' | 'cancelled' | 'tokens'
  readonly destroyAt: number
}

/**
 * The store by its promises, in memory and as naive as can be; `now` must not go back between calls (records'
 * own times may). '' names the unattributed ring.
 */
export class StoreModel {
  readonly #rings = new Map<string, ModelRing>()
  /** In the order in which they were laid. */
  readonly #tombstones: { readonly ring: number; tombstone: Tombstone }[] = []
  #retention: Retention
  readonly #maxRings: number
  readonly #instance: Buffer
  #opened = 0

  constructor(retention: Retention, maxRings: number, instance: Buffer) {
    this.#retention = retention
    this.#maxRings = maxRings
    this.#instance = instance
  }

  /** A start with a smaller retention. */
  shrink(retention: Retention): void {
    this.#retention = retention
  }

  submit(record: AuditRecord, effect: ModelEffect, now: number): void {
    const ring = this.#ringFor(record, effect, now)
    if (ring === null) return
    const time = Math.max(record.time, ring.newestTime)
    const named = ring.number === 0 ? Buffer.from(record.key) : Buffer.alloc(0)
    const bytes = Buffer.concat([recordBytes({ ...record, time }), named])
    ring.hash = createHash('sha256').update(ring.hash).update(bytes).digest()
    ring.records.push({ ...record, time, seq: ++ring.taken })
    ring.newestTime = time
    if (ring.number === 0) return
    const who = { by: record.requester.id, address: record.address }
    if (effect.destruction === 'now') {
      const { time, channel } = record
      this.#destroy(record.key, { ...who, time, channel, scheduledBy: '' })
    }
    if (effect.destruction === 'scheduled') ring.destroy = { at: effect.destroyAt, ...who }
    if (effect.destruction === 'cancelled') ring.destroy = null
  }

  lose(key: string, count: number, now: number): void {
    const ring = (key === '' ? undefined : this.#rings.get(key)) ?? this.#unattributed(now)
    ring.lost += count
  }

  sweep(now: number): void {
    for (const [key, { destroy }] of [...this.#rings]) {
      if (destroy === null || destroy.at > now) continue
      const { by: scheduledBy, address } = destroy
      this.#destroy(key, { time: now, channel: 'system', by: 'system', address, scheduledBy })
    }
    const cutoff = now - this.#retention.tombstoneMs
    const kept = this.#tombstones.filter(({ tombstone }) => tombstone.time >= cutoff)
    this.#tombstones.splice(0, Infinity, ...kept)
  }

  /** What every commit does at its end. */
  settle(now: number): void {
    for (const ring of this.#rings.values()) {
      Object.assign(ring, this.#kept(ring, now))
      ring.redacted = new Set(ring.records.map(({ seq }) => seq).filter((seq) => ring.redacted.has(seq)))
    }
  }

  history(key: string, query: HistoryQuery, now: number, budget: number): HistoryPage | null {
    const ring = this.#rings.get(key)
    if (ring === undefined) return null
    const { records } = this.#seen(ring, now)
    const { from, to, before, offset, limit } = query
    const period = records.filter(({ time }) => time >= (from ?? 0) && time <= (to ?? Infinity))
    const candidates = period.filter(({ seq }) => seq < (before ?? Infinity)).reverse()
    const shown = (record: StoredRecord) => !ring.redacted.has(record.seq) && matches(record, query)
    const isScanned = isFiltered(query) || ring.redacted.size > 0
    const scanned = isScanned ? candidates.slice(0, budget) : candidates
    const matching = scanned.filter(shown).slice(offset)
    const unscanned = scanned.length < candidates.length ? (scanned.at(-1)?.seq ?? null) : null
    const countable = !isScanned || period.length <= budget
    return {
      records: matching.slice(0, limit),
      nextBefore: matching.length > limit ? (matching[limit - 1]?.seq ?? null) : unscanned,
      total: countable ? period.filter(shown).length : null,
      coverage: this.#coverage(ring, now),
    }
  }

  keys(now: number): KeySummary[] {
    return [...this.#rings]
      .filter(([key]) => key !== '')
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, ring]) => this.#summary(key, ring, now))
  }

  lastUse(key: string, now: number): StoredRecord | null {
    const ring = this.#rings.get(key)
    const records = ring === undefined || key === '' ? [] : this.#seen(ring, now).records
    return records.findLast((record) => record.outcome === 'success' && record.class === 'use') ?? null
  }

  /** Newest first. */
  tombstones(): Tombstone[] {
    const newestFirst = this.#tombstones.toSorted(
      (a, b) => b.tombstone.time - a.tombstone.time || b.ring - a.ring,
    )
    return newestFirst.map(({ tombstone }) => tombstone)
  }

  tombstone(key: string): Tombstone | null {
    return this.#tombstones.findLast(({ tombstone }) => tombstone.key === key)?.tombstone ?? null
  }

  #ringFor(
    { key, time, durationMs }: AuditRecord,
    { keyProven, destruction }: ModelEffect,
    now: number,
  ): ModelRing | null {
    const ring = key === '' ? undefined : this.#rings.get(key)
    if (ring !== undefined && time - durationMs >= ring.since) return ring
    const laid = this.#tombstones.findLast(({ tombstone }) => tombstone.key === key)
    const putBack = laid !== undefined && laid.tombstone.time > now && time <= now
    if (laid !== undefined && !putBack && time - durationMs < laid.tombstone.time) {
      laid.tombstone = { ...laid.tombstone, records: laid.tombstone.records + 1 }
      return null
    }
    if (ring !== undefined) return ring
    const full = [...this.#rings.keys()].filter((key) => key !== '').length >= this.#maxRings
    if (key === '' || !keyProven || (full && destruction !== 'now')) return this.#unattributed(now)
    return this.#open(key, ++this.#opened, time)
  }

  #unattributed(now: number): ModelRing {
    return this.#rings.get('') ?? this.#open('', 0, now)
  }

  #open(key: string, number: number, since: number): ModelRing {
    const ring: ModelRing = {
      ...{ since, number, records: [], taken: 0, newestTime: 0, lost: 0, destroy: null, redacted: new Set() },
      ...{ evictedByCount: 0, evictedByAge: 0, hash: genesisHash(this.#instance, number, key) },
    }
    this.#rings.set(key, ring)
    return ring
  }

  #destroy(key: string, cause: Omit<Tombstone, 'key' | 'records' | 'hash'>): void {
    const ring = this.#rings.get(key)
    if (ring === undefined) return
    this.#rings.delete(key)
    const tombstone = { key, ...cause, records: ring.taken, hash: ring.hash.toString('hex') }
    this.#tombstones.push({ ring: ring.number, tombstone })
    const unattributed = this.#rings.get('')
    for (const { key: named, seq } of unattributed?.records ?? [])
      if (named === key) unattributed?.redacted.add(seq)
  }

  /** What may be read of the ring: nothing once its scheduled destruction is due. */
  #seen(ring: ModelRing, now: number): Kept {
    const kept = this.#kept(ring, now)
    return ring.destroy !== null && ring.destroy.at <= now ? { ...kept, records: [] } : kept
  }

  /** What retention leaves of the ring: first age decides, then the count. */
  #kept({ records, evictedByAge, evictedByCount }: ModelRing, now: number): Kept {
    const young = records.filter(({ time }) => time >= now - this.#retention.ageMs)
    const kept = young.slice(-this.#retention.records)
    return {
      records: kept,
      evictedByAge: evictedByAge + records.length - young.length,
      evictedByCount: evictedByCount + young.length - kept.length,
    }
  }

  #coverage(ring: ModelRing, now: number): Coverage {
    const { records, evictedByAge, evictedByCount } = this.#seen(ring, now)
    return {
      oldest: records[0]?.time ?? null,
      evictedByCount,
      evictedByAge,
      lost: ring.lost,
      unknown: records.filter(({ outcome, seq }) => outcome === 'unknown' && !ring.redacted.has(seq)).length,
      redacted: records.filter(({ seq }) => ring.redacted.has(seq)).length,
      head: { seq: ring.taken, hash: ring.hash.toString('hex') },
    }
  }

  #summary(key: string, ring: ModelRing, now: number): KeySummary {
    const { records } = this.#seen(ring, now)
    return {
      key,
      state: ring.destroy === null ? 'live' : 'destruction-scheduled',
      destroyAt: ring.destroy?.at ?? null,
      since: ring.since,
      records: records.length,
      lastActivity: records.at(-1)?.time ?? null,
      coverage: this.#coverage(ring, now),
    }
  }
}

function isFiltered({ q, action, requester, address, channel, outcome }: HistoryQuery): boolean {
  return [q, action, requester, address, channel, outcome].some((filter) => filter !== '')
}

function matches(record: StoredRecord, query: HistoryQuery): boolean {
  const { action, requester, address, outcome, status, errorCode, requestId, channel } = record
  const texts = [
    action,
    requester.id,
    address,
    outcome,
    errorCode,
    requestId,
    status === 0 ? '' : String(status),
  ]
  return (
    (query.q === '' || texts.some((text) => text.toLowerCase().includes(query.q.toLowerCase()))) &&
    (query.action === '' || query.action === action) &&
    (query.requester === '' || query.requester === requester.id) &&
    (query.address === '' || query.address === address) &&
    (query.channel === '' || query.channel === channel) &&
    (query.outcome === '' || query.outcome === outcome)
  )
}
