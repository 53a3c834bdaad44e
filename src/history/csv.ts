import type { RecordJson } from './record-json.ts'

/** A spreadsheet takes a cell that starts so for a formula (OWASP, CSV injection). */
const FORMULA_STARTS = '=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'

const COLUMNS: readonly (readonly [
  name: string,
  read: (record: RecordJson) => string | number | undefined,
])[] = [
  ['seq', ({ seq }) => seq],
  ['time', ({ time }) => time],
  ['durationMs', ({ durationMs }) => durationMs],
  ['channel', ({ channel }) => channel],
  ['address', ({ address }) => address],
  ['host', ({ host }) => host],
  ['addressSource', ({ addressSource }) => addressSource],
  ['requester', ({ requester }) => requester.id],
  ['requesterKind', ({ requester }) => requester.kind],
  ['credential', ({ requester }) => requester.credential],
  ['verified', ({ requester }) => String(requester.verified)],
  ['action', ({ action }) => action],
  ['class', (record) => record.class],
  ['key', ({ key }) => key],
  ['keyVersion', ({ keyVersion }) => keyVersion],
  ['outcome', ({ outcome }) => outcome],
  ['status', ({ status }) => status],
  ['errorCode', ({ errorCode }) => errorCode],
  ['requestId', ({ requestId }) => requestId],
  ['items', ({ items }) => items],
  ['reason', ({ reason }) => reason],
]

/** The first line of {@link csvLine}'s table. */
export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`

/** A record as one line of CSV (RFC 4180). */
export function csvLine(record: RecordJson): string {
  return `${COLUMNS.map(([, read]) => csvField(read(record) ?? '')).join(',')}\r\n`
}

/** Text that would start a formula gets an apostrophe before it, which spreadsheets show as text. */
function csvField(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const safe = value !== '' && FORMULA_STARTS.includes(value.charAt(0)) ? `'${value}` : value
  return /[",\r\n]/.test(safe) || safe !== value ? `"${safe.replaceAll('"', '""')}"` : safe
}
