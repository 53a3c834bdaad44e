import { setTimeout as delay } from 'node:timers/promises'
import type { SeenRecord } from '../helper/running-sidecar.ts'

export interface SeenCoverage {
  readonly lost: number
  readonly unknown: number
  readonly head: { readonly seq: number }
  readonly gaps?: readonly { readonly from: string; readonly to: string }[]
}

/** One ring, as the history shows it. */
export interface SeenRing {
  readonly records: readonly SeenRecord[]
  readonly total: number
  readonly coverage: SeenCoverage
}

/** Everything the history API shows. */
export interface Seen {
  readonly rings: ReadonlyMap<string, SeenRing>
  readonly unattributed: SeenRing
  /** Records that each destroyed key had, by its id. */
  readonly tombstones: ReadonlyMap<string, number>
}

const EMPTY: SeenRing = { records: [], total: 0, coverage: { lost: 0, unknown: 0, head: { seq: 0 } } }

/** Reads all of it. */
export async function readSeen(history: string): Promise<Seen> {
  const keys = await pages<{ keys: { key: string }[] }>(`${history}/v1/keys`)
  const tombstones = await pages<{ tombstones: { key: string; records: number }[] }>(
    `${history}/v1/tombstones`,
  )
  const rings = new Map<string, SeenRing>()
  for (const { key } of keys.flatMap((page) => page.keys))
    rings.set(key, await readRing(`${history}/v1/keys/${encodeURIComponent(key)}/history`))
  return {
    rings,
    unattributed: await readRing(`${history}/v1/unattributed/history`),
    tombstones: new Map(
      tombstones.flatMap((page) => page.tombstones).map(({ key, records }) => [key, records]),
    ),
  }
}

async function readRing(url: string): Promise<SeenRing> {
  const found = await pages<SeenRing>(url)
  return { ...(found[0] ?? EMPTY), records: found.flatMap(({ records }) => records) }
}

/** All pages of a list; none where there is no such thing. */
async function pages<Page>(url: string): Promise<Page[]> {
  const found: Page[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await fetch(
      `${url}?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    if (response.status === 429) {
      await response.body?.cancel()
      await delay(1000 * (Number(response.headers.get('retry-after')) || 1))
      continue
    }
    if (response.status === 404) return []
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
    const page = (await response.json()) as Page & { nextCursor: string | null }
    found.push(page)
    cursor = page.nextCursor
  }
  return found
}
