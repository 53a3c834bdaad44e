import type { Environment } from './environment.ts'
import { keyOfRingState, ringStateKey, UNATTRIBUTED_KEY } from './layout.ts'
import { compileMatch } from './match.ts'
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
import type { Retention } from './ring.ts'
import { decodeRingState } from './ring-state.ts'
import { RingView } from './ring-view.ts'
import { parseTombstone, tombstoneOf } from './tombstone.ts'

export interface ReaderOptions {
  readonly environment: Environment
  readonly retention: Retention
  /** Unix ms. */
  readonly clock: () => number
}

/** Reads of the store by {@link Reader}'s contract; each call sees the newest commit. */
export function createReader({ environment, retention, clock }: ReaderOptions): Reader {
  const { keys, records, tombstones } = environment
  const view = (stored: Buffer): RingView =>
    new RingView(decodeRingState(stored), records, retention, clock())
  const find = (ring: RingName): RingView | null => {
    environment.refresh()
    const stored = keys.get(ring.kind === 'key' ? ringStateKey(ring.key) : UNATTRIBUTED_KEY)
    return stored === undefined ? null : view(stored)
  }
  return {
    keys(after, limit) {
      environment.refresh()
      const start = Buffer.from(`k${after}\0`)
      const bounds = { start: after === '' ? Buffer.from('k') : start, end: Buffer.from('l'), limit }
      return [...keys.range(bounds)].map(({ key, value }) => summary(keyOfRingState(key), view(value)))
    },
    key(key) {
      const found = find({ kind: 'key', key })
      return found === null ? null : summary(key, found)
    },
    history(ring, query) {
      const found = find(ring)
      return found === null ? null : page(found, ring.kind === 'key' ? ring.key : '', query)
    },
    lastUse(key) {
      const found = find({ kind: 'key', key })
      if (found === null || found.state.lastUseSeq < found.first) return null
      return collect(found, key, found.state.lastUseSeq, found.state.lastUseSeq + 1, 1)[0] ?? null
    },
    tombstones(before, limit) {
      environment.refresh()
      const start = before === null ? Buffer.alloc(10, 0xff) : Buffer.from(before, 'hex')
      const bounds = { start, end: Buffer.alloc(10), reverse: true, limit: limit + 2 }
      const found = [...tombstones.range(bounds)].filter(({ key }) => before === null || !start.equals(key))
      const more = found.length > limit
      const last = found[limit - 1]
      return {
        tombstones: found.slice(0, limit).map(({ value }) => parseTombstone(value)),
        nextBefore: more && last !== undefined ? Buffer.from(last.key).toString('hex') : null,
      }
    },
    tombstone(key) {
      environment.refresh()
      return tombstoneOf(tombstones, keys, key)
    },
    close() {
      environment.close()
    },
  }
}

function page(view: RingView, key: string, query: HistoryQuery): HistoryPage {
  const from = query.from === null ? view.first : Math.max(view.first, view.firstSince(query.from))
  const end = query.to === null ? view.end : view.firstSince(query.to + 1)
  const before = Math.min(end, query.before ?? end)
  const match = compileMatch(query)
  const { offset, limit } = query
  const found: StoredRecord[] = []
  let matching = 0
  let skipped = 0
  if (match === null) {
    matching = Math.max(0, end - from)
    found.push(...collect(view, key, from, before - offset, limit + 1))
  } else {
    view.walkBack(from, end, (bytes, start, stop, seq) => {
      if (!match(bytes, start)) return true
      matching++
      if (seq >= before || found.length > limit) return true
      if (skipped++ >= offset) found.push({ ...decodeRecord(bytes, start, stop, key), seq })
      return true
    })
  }
  const more = found.length > limit
  if (more) found.pop()
  const nextBefore = more ? (found.at(-1)?.seq ?? null) : null
  return { records: found, nextBefore, total: matching, coverage: coverage(view) }
}

function collect(view: RingView, key: string, from: number, before: number, limit: number): StoredRecord[] {
  const found: StoredRecord[] = []
  view.walkBack(from, before, (bytes, start, stop, seq) => {
    found.push({ ...decodeRecord(bytes, start, stop, key), seq })
    return found.length < limit
  })
  return found
}

function coverage(view: RingView): Coverage {
  const { state, hidden } = view
  return {
    oldest: view.oldest(),
    evictedByCount: state.evictedByCount + hidden.byCount,
    evictedByAge: state.evictedByAge + hidden.byAge,
    lost: state.lost,
    unknown: state.unknown,
    head: { seq: state.nextSeq - 1, hash: state.hash.toString('hex') },
  }
}

function summary(key: string, view: RingView): KeySummary {
  const { state } = view
  return {
    key,
    state: state.destroyAt === 0 ? 'live' : 'destruction-scheduled',
    destroyAt: state.destroyAt === 0 ? null : state.destroyAt,
    since: state.openedAt,
    records: view.end - view.first,
    lastActivity: view.first < view.end ? state.newestTime : null,
    coverage: coverage(view),
  }
}
