import type { AuditRecord, Channel, Outcome } from '../record.ts'
import type { Gap } from './gap.ts'
import type { KeyChanges } from './key-changes.ts'

/** A record as it is kept: with its place in the ring. */
export interface StoredRecord extends AuditRecord {
  /** Position in the ring, from 1; never used twice in one ring. */
  readonly seq: number
}

/** What is asked of a ring; an absent filter is ''. Newest records come first. */
export interface HistoryQuery {
  /** Unix ms, inclusive; null for no bound. */
  readonly from: number | null
  /** Unix ms, inclusive; null for no bound. */
  readonly to: number | null
  /** Case-insensitive substring of action, requester, address, outcome, status, error code or request id. */
  readonly q: string
  readonly action: string
  readonly requester: string
  readonly address: string
  readonly channel: Channel | ''
  readonly outcome: Outcome | ''
  readonly limit: number
  /** Skip this many matching records (page numbers of the NAVER wire format). */
  readonly offset: number
  /** Only records with a smaller `seq`; null to start at the newest. */
  readonly before: number | null
}

/** What an answer can't show. */
export interface Coverage {
  /** Time of the oldest kept record, Unix ms; null for an empty ring. */
  readonly oldest: number | null
  readonly evictedByCount: number
  readonly evictedByAge: number
  /** Records lost in `async` or allowed unrecorded. */
  readonly lost: number
  /** Kept records with outcome `unknown`. */
  readonly unknown: number
  /** Records that are not shown any more because they named a key that was destroyed since (unattributed ring). */
  readonly redacted: number
  /** The clock is not believed: what it makes too old is hidden, but kept until it is. Absent otherwise. */
  readonly clockHeld?: true
  /**
   * When records of whatever key may have been lost that nothing counts, oldest first; absent where never, or in
   * a list of keys.
   */
  readonly gaps?: readonly Gap[]
  /** The chain's head: the newest sequence number and the hash (hex) up to it. */
  readonly head: { readonly seq: number; readonly hash: string }
}

/** Which records are asked for; an absent filter is ''. */
export type RecordFilter = Pick<
  HistoryQuery,
  'q' | 'action' | 'requester' | 'address' | 'channel' | 'outcome'
>

/** Records of a period, counted in buckets of one length. */
export interface HistogramQuery extends RecordFilter {
  /** Unix ms, inclusive. */
  readonly from: number
  /** Unix ms, inclusive. */
  readonly to: number
  /** Length of a bucket, ms; at least 1. The first one starts at `from`. */
  readonly bucketMs: number
}

/** How often a value occurs among the records that were counted. */
export interface ValueCount {
  readonly value: string
  readonly records: number
  /** Of these, with outcome `failure`. */
  readonly failures: number
}

export interface Histogram {
  /** One number for each bucket, oldest first. */
  readonly success: readonly number[]
  readonly failure: readonly number[]
  readonly unknown: readonly number[]
  /** Most frequent first, at most {@link HISTOGRAM_VALUES}. */
  readonly actions: readonly ValueCount[]
  readonly requesters: readonly ValueCount[]
  /** Oldest time that was counted, Unix ms; null where the whole period was within the work budget. */
  readonly countedFrom: number | null
}

/** Most values a {@link Histogram} names. */
export const HISTOGRAM_VALUES = 50

/** Records behind a position, oldest first. */
export interface NewerRecords {
  readonly records: readonly StoredRecord[]
  /** Everything up to this `seq` was looked at: the position to go on from. */
  readonly position: number
  /** Records behind the position asked for that are not kept any more. */
  readonly missed: number
  /** The newest `seq`. */
  readonly head: number
  /** When this ring was opened, Unix ms: a key id that was destroyed and came back has another one. */
  readonly openedAt: number
}

/** Of one key, what orders keys by their last use. */
export interface KeyUse {
  readonly key: string
  /** Time of the newest successful use, Unix ms, evicted or not; 0 for none. */
  readonly lastUse: number
}

export interface HistoryPage {
  readonly records: readonly StoredRecord[]
  /**
   * Pass as `before` (with no offset) for the next page; null when there is none. Where the query's work budget
   * ran out first, it is set although the page has fewer records than the limit, or none.
   */
  readonly nextBefore: number | null
  /** How many records match in the whole ring (cursor and limit aside); null where that is beyond the work budget. */
  readonly total: number | null
  readonly coverage: Coverage
}

export interface KeySummary {
  readonly key: string
  readonly state: 'live' | 'destruction-scheduled'
  /** Unix ms; null unless scheduled. */
  readonly destroyAt: number | null
  /** When the ring was opened, Unix ms. */
  readonly since: number
  /** Kept records. */
  readonly records: number
  /** Time of the newest record, Unix ms; null for an empty ring. */
  readonly lastActivity: number | null
  readonly coverage: Coverage
}

/** What stays of a destroyed key. */
export interface Tombstone {
  readonly key: string
  /** When it was destroyed, Unix ms. */
  readonly time: number
  /** `system` where the sidecar did it by itself, because a scheduled destruction was due. */
  readonly channel: Channel
  /** Who destroyed it: the requester's id, or `system`. */
  readonly by: string
  /** Where it was asked for. */
  readonly address: string
  /** Who had scheduled it; '' for a destruction at once. */
  readonly scheduledBy: string
  /** How many records its ring had taken over its life. */
  readonly records: number
  /** Last chain hash, hex. */
  readonly hash: string
}

/** Reads of one store, each a consistent snapshot. The one seam between whoever asks and the engine. */
export interface Reader {
  /** Keys in id order, after `after` (exclusive; '' to start). */
  keys(after: string, limit: number): KeySummary[]
  key(key: string): KeySummary | null
  /** null for a key without a ring. */
  history(ring: RingName, query: HistoryQuery): HistoryPage | null
  /** The newest kept record of a successful operation of class `use`; null without one. */
  lastUse(key: string): StoredRecord | null
  /** null for a key without a ring. Counts newest first, within the query's work budget. */
  histogram(ring: RingName, query: HistogramQuery): Histogram | null
  /** Looks at up to `window` records behind `after`; null for a key without a ring. */
  newer(key: string, filter: RecordFilter, after: number, window: number): NewerRecords | null
  /**
   * How many kept records at or after `from` (Unix ms) and behind the position `after` are failures, and the
   * position behind them; null for a key without a ring, or with more records there than the work budget allows.
   */
  failures(key: string, from: number, after: number): { failures: number; position: number } | null
  /** {@link KeyUse} of keys in id order, after `after` (exclusive; '' to start). */
  keyUses(after: string, limit: number): KeyUse[]
  /** null for a key without a ring. */
  keyUse(key: string): KeyUse | null
  /** Keys written to since an earlier call's position; null to start. */
  keyChanges(position: number | null): KeyChanges
  /** Newest first; `before` is exclusive, null to start. */
  tombstones(before: string | null, limit: number): { tombstones: Tombstone[]; nextBefore: string | null }
  /** The newest tombstone of this key id; null where it was never destroyed. */
  tombstone(key: string): Tombstone | null
  close(): void
}

/** A key's ring, or the ring of requests that belong to no known key. */
export type RingName = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'unattributed' }
