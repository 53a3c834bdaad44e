import { setTimeout as sleep } from 'node:timers/promises'
import { KeytrailError } from '../errors.ts'
import type { Channel, Outcome } from '../record.ts'

/** A record as the history API shows it, as far as it is compared. */
export interface SeenRecord {
  readonly time: string
  readonly channel: Channel
  readonly requester: { readonly id?: string }
  readonly action: string
  readonly key?: string
  readonly outcome: Outcome
  readonly status?: number
}

/** One ring, its records newest first. */
export interface SeenRing {
  readonly records: readonly SeenRecord[]
  readonly evictedByCount: number
}

/** Everything the history API shows. */
export interface SeenHistory {
  readonly rings: ReadonlyMap<string, SeenRing>
  readonly unattributed: SeenRing
  /** Keys of which a tombstone is left. */
  readonly tombstones: ReadonlySet<string>
}

interface HistoryAnswer {
  readonly records: SeenRecord[]
  readonly nextCursor: string | null
  readonly coverage: { readonly evictedByCount: number }
}

const PAGE = 1000

/** Reads every key, record and tombstone through the history API at `url`. Fails with INTERNAL if it can't. */
export async function readHistory(url: string): Promise<SeenHistory> {
  const keys = await readAll<{ key: string }>(url, '/v1/keys', 'keys')
  const rings = new Map<string, SeenRing>()
  for (const { key } of keys) {
    rings.set(key, await readRing(url, `/v1/keys/${encodeURIComponent(key)}/history`))
  }
  const tombstones = await readAll<{ key: string }>(url, '/v1/tombstones', 'tombstones')
  return {
    rings,
    unattributed: await readRing(url, '/v1/unattributed/history'),
    tombstones: new Set(tombstones.map(({ key }) => key)),
  }
}

async function readRing(url: string, path: string): Promise<SeenRing> {
  const records: SeenRecord[] = []
  let evictedByCount = 0
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: HistoryAnswer = await get(url, path, cursor)
    records.push(...page.records)
    evictedByCount = page.coverage.evictedByCount
    cursor = page.nextCursor
  }
  return { records, evictedByCount }
}

async function readAll<Entry>(url: string, path: string, field: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Record<string, unknown> = await get(url, path, cursor)
    entries.push(...(page[field] as Entry[]))
    cursor = page['nextCursor'] as string | null
  }
  return entries
}

/** `cursor` is '' for the first page. Waits where the API asks for it. */
async function get<Answer>(base: string, path: string, cursor: string): Promise<Answer> {
  const url = new URL(path, base)
  url.searchParams.set('limit', String(PAGE))
  if (cursor !== '') url.searchParams.set('cursor', cursor)
  for (;;) {
    const response = await fetch(url)
    if (response.ok) return (await response.json()) as Answer
    await response.body?.cancel()
    if (response.status !== 429)
      throw new KeytrailError('INTERNAL', `${url}: expected an answer, found status ${response.status}`)
    await sleep(1000 * (Number(response.headers.get('retry-after')) || 1))
  }
}
