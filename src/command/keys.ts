import { FailureCounts } from '../history/failure-counts.ts'
import { formatInstant } from '../history/instant.ts'
import { keyFigures, keyJson } from '../history/key-json.ts'
import type { KeySummary, Reader } from '../store/reader.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { counted } from './number-text.ts'
import { type StoreChoice, withReadingStore } from './reading-store.ts'
import { type Column, formatTable } from './table.ts'
import { visibleJson } from './visible.ts'

export interface KeysOptions extends StoreChoice {
  readonly json?: boolean
}

/** Keys read, and lines written, at a time. */
const PAGE = 1000

const COLUMNS: readonly Column<KeySummary>[] = [
  { title: 'KEY', cell: ({ key }) => key },
  { title: 'RECORDS', cell: ({ records }) => String(records), align: 'right' },
  { title: 'SINCE', cell: ({ since }) => formatInstant(since) },
  {
    title: 'LAST ACTIVITY',
    cell: ({ lastActivity }) => (lastActivity === null ? '-' : formatInstant(lastActivity)),
  },
  { title: 'STATE', cell: stateText },
]

/** `keytrail keys`: the keys that have a history, in the order of their ids. */
export function keys(context: CommandContext, options: KeysOptions): Promise<number> {
  return withReadingStore(context, options, ({ reader }) => {
    if (options.json) writeJson(context, reader)
    else writeTable(context, reader)
    return ExitCode.ok
  })
}

function writeTable({ out }: CommandContext, reader: Reader): void {
  let count = 0
  let records = 0
  for (const page of pages(reader)) {
    out(formatTable(COLUMNS, page, count === 0 ? 'titles' : 'no titles'))
    count += page.length
    for (const key of page) records += key.records
  }
  if (count === 0) out('No key has a history yet.\n')
  else out(`\n${counted(count, 'key')}, ${counted(records, 'record')}\n`)
}

function writeJson({ out, clock }: CommandContext, reader: Reader): void {
  const failures = new FailureCounts(reader, clock)
  let separator = ''
  out('{"keys":[')
  for (const page of pages(reader)) {
    for (const key of page) {
      out(`${separator}\n${visibleJson(keyJson(key, keyFigures(reader, key, failures)))}`)
      separator = ','
    }
  }
  out('\n]}\n')
}

function* pages(reader: Reader): Generator<KeySummary[]> {
  for (let after = ''; ; ) {
    const page = reader.keys(after, PAGE)
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    after = last.key
  }
}

function stateText({ destroyAt }: KeySummary): string {
  return destroyAt === null ? 'live' : `to be destroyed ${formatInstant(destroyAt)}`
}
