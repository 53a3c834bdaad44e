import { KeytrailError } from '../errors.ts'
import { formatInstant } from '../history/instant.ts'
import { coverageJson, recordJson } from '../history/record-json.ts'
import type { Outcome } from '../record.ts'
import type { HistoryPage, HistoryQuery, Reader, RingName } from '../store/reader.ts'
import type { CommandContext } from './command-context.ts'
import { coverageText } from './coverage-text.ts'
import { ExitCode } from './exit-code.ts'
import { noRing } from './no-ring.ts'
import { counted, grouped } from './number-text.ts'
import { type StoreChoice, withReadingStore } from './reading-store.ts'
import { RECORD_COLUMNS, UNATTRIBUTED_COLUMNS } from './record-columns.ts'
import { formatTable } from './table.ts'
import { visibleJson } from './visible.ts'

export interface HistoryOptions extends StoreChoice {
  /** Unix ms, inclusive. */
  readonly from?: number
  /** Unix ms, inclusive. */
  readonly to?: number
  readonly q?: string
  readonly action?: string
  readonly outcome?: Outcome
  /** Most records shown. */
  readonly limit: number
  readonly json?: boolean
}

/** Records read, and lines written, at a time. */
const PAGE = 1000

/** `keytrail history KEY`: the records of a ring, newest first, and what its history can't show. */
export async function history(
  context: CommandContext,
  ring: RingName,
  options: HistoryOptions,
): Promise<number> {
  const { from, to } = options
  if (from !== undefined && to !== undefined && from > to) {
    const expected = `a time not after --to (${formatInstant(to)})`
    throw new KeytrailError('QUERY_INVALID', `--from: expected ${expected}, found ${formatInstant(from)}`)
  }
  return withReadingStore(context, options, ({ reader }) => {
    const found = pages(reader, ring, options)
    if (options.json) writeJson(context, found)
    else writeTable(context, ring.kind === 'key' ? RECORD_COLUMNS : UNATTRIBUTED_COLUMNS, found)
    return ExitCode.ok
  })
}

function writeTable(
  { out }: CommandContext,
  columns: typeof RECORD_COLUMNS,
  found: Iterable<HistoryPage>,
): void {
  let shown = 0
  let first: HistoryPage | null = null
  for (const page of found) {
    first ??= page
    if (page.records.length > 0) out(formatTable(columns, page.records, shown === 0 ? 'titles' : 'no titles'))
    shown += page.records.length
  }
  const { total, coverage } = first ?? NOTHING
  out(shown === 0 ? 'No record matches.\n' : `\n${shownText(shown, total)}\n`)
  out(`${coverageText(coverage)}\n`)
}

function shownText(shown: number, total: number | null): string {
  if (shown === total) return `${counted(shown, 'record')}, newest first`
  const all = total === null ? 'very many' : grouped(total)
  return `${grouped(shown)} of ${all} matching records, newest first; --limit shows more`
}

function writeJson({ out }: CommandContext, found: Iterable<HistoryPage>): void {
  let first: HistoryPage | null = null
  let separator = ''
  out('{"records":[')
  for (const page of found) {
    first ??= page
    for (const record of page.records) {
      out(`${separator}\n${visibleJson(recordJson(record))}`)
      separator = ','
    }
  }
  const { total, coverage } = first ?? NOTHING
  out(`\n],"total":${total},"coverage":${visibleJson(coverageJson(coverage))}}\n`)
}

/** The unattributed ring before its first record. */
const NOTHING: HistoryPage = {
  records: [],
  nextBefore: null,
  total: 0,
  coverage: {
    oldest: null,
    evictedByCount: 0,
    evictedByAge: 0,
    lost: 0,
    unknown: 0,
    redacted: 0,
    head: { seq: 0, hash: '' },
  },
}

/** Pages until the limit is reached or nothing follows; none for an unattributed ring before its first record. */
function* pages(reader: Reader, ring: RingName, options: HistoryOptions): Generator<HistoryPage> {
  let left = options.limit
  for (let before: number | null = null; left > 0; ) {
    const page: HistoryPage | null = reader.history(ring, query(options, Math.min(left, PAGE), before))
    if (page === null) {
      if (ring.kind === 'key') throw noRing(reader, ring.key)
      return
    }
    yield page
    if (page.nextBefore === null) return
    left -= page.records.length
    before = page.nextBefore
  }
}

function query(options: HistoryOptions, limit: number, before: number | null): HistoryQuery {
  const { from = null, to = null, q = '', action = '', outcome = '' } = options
  return { from, to, q, action, outcome, requester: '', address: '', channel: '', limit, offset: 0, before }
}
