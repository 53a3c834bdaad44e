import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { KeytrailError } from '../errors.ts'
import type { HistoryPage, HistoryQuery } from '../store/reader.ts'
import type { HistoryType } from './accept.ts'
import { CSV_HEADER, csvLine } from './csv.ts'
import type { HostNames } from './host-names.ts'
import { recordJson } from './record-json.ts'

/** Records read in one turn. */
const TURN = 500

interface ExportOptions {
  readonly type: Exclude<HistoryType, 'application/json'>
  /** Reads a page of the ring; null once it is gone. */
  readonly read: (query: HistoryQuery) => HistoryPage | null
  readonly hosts: HostNames
  /** Most records; null for all of them. */
  readonly limit: number | null
}

/**
 * Writes everything that `query` asks for, newest first, as the reader of the stream takes it: records that come
 * in meanwhile are not in it, those evicted meanwhile are left out, and none is in it twice. Where the ring goes,
 * the stream breaks off, so that nobody takes a part for the whole.
 */
export function exportRecords(query: HistoryQuery, options: ExportOptions): Readable {
  return Readable.from(lines(query, options), { objectMode: false })
}

async function* lines(
  query: HistoryQuery,
  { type, read, hosts, limit }: ExportOptions,
): AsyncGenerator<string> {
  if (type === 'text/csv') yield CSV_HEADER
  let left = limit ?? Number.POSITIVE_INFINITY
  for (let before = query.before; ; ) {
    const page = read({ ...query, before, limit: Math.min(TURN, left) })
    if (page === null) throw new KeytrailError('KEY_DESTROYED', 'the key was destroyed while it was exported')
    const names = await hosts.find(page.records.map(({ address }) => address))
    const text = page.records.map((record) => {
      const json = recordJson(record, names)
      return type === 'text/csv' ? csvLine(json) : `${JSON.stringify(json)}\n`
    })
    if (text.length > 0) yield text.join('')
    left -= page.records.length
    before = page.nextBefore
    if (before === null || left <= 0) return
    await nextTurn()
  }
}
