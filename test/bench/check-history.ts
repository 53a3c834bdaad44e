import { targetOf } from './exchange.ts'
import type { Hop } from './hop/hop.ts'

/** As `GET /v1/keys/{key}` shows a key. */
interface KeySummary {
  readonly records: number
  readonly coverage: {
    readonly evictedByCount: number
    readonly evictedByAge: number
    readonly lost: number
    readonly unknown: number
  }
}

/** What became of all requests that came to the upstream through one hop. */
export interface HistoryTotals {
  readonly hop: string
  readonly counted: number
  readonly recorded: number
  /** `async` may lose records, and counts them. */
  readonly lost: number
}

/**
 * Compares, key by key, what the upstream counted with what the hop's history holds. Throws where a request is
 * missing, or there twice, or its outcome is not known.
 */
export async function checkHistory(hop: Hop, counts: ReadonlyMap<string, number>): Promise<HistoryTotals> {
  const totals = { hop: hop.name, counted: 0, recorded: 0, lost: 0 }
  for (const key of hop.keys) {
    const counted = counts.get(targetOf(key)) ?? 0
    const { records, coverage } = await summaryOf(hop, key)
    const recorded = records + coverage.evictedByCount + coverage.evictedByAge
    const lost = hop.answersRecorded ? 0 : coverage.lost
    if (recorded + lost !== counted || coverage.unknown > 0) {
      const found = `${recorded} records, ${coverage.lost} lost, ${coverage.unknown} unknown`
      throw new Error(
        `${hop.name}: key ${key}: the upstream got ${counted} requests, the history has ${found}`,
      )
    }
    totals.counted += counted
    totals.recorded += recorded
    totals.lost += lost
  }
  return totals
}

async function summaryOf({ history }: Hop, key: string): Promise<KeySummary> {
  const response = await fetch(`${history}/v1/keys/${key}`)
  if (!response.ok) throw new Error(`GET ${response.url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as KeySummary
}
