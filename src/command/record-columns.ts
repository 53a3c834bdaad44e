import { formatInstant } from '../history/instant.ts'
import type { StoredRecord } from '../store/reader.ts'
import type { Column } from './table.ts'

/** What a person wants to see of a record, a line each; everything is in the JSON. */
export const RECORD_COLUMNS: readonly Column<StoredRecord>[] = [
  { title: 'TIME', cell: ({ time }) => formatInstant(time) },
  { title: 'TYPE', cell: ({ channel }) => channel },
  { title: 'ADDRESS', cell: ({ address }) => address || '-', widest: 45 },
  { title: 'REQUESTER', cell: requesterText, widest: 40 },
  { title: 'ACTION', cell: actionText, widest: 40 },
  { title: 'RESPONSE', cell: responseText, widest: 80 },
]

/** The same of a record that belongs to no known key: the id it names is whatever the client sent. */
export const UNATTRIBUTED_COLUMNS: readonly Column<StoredRecord>[] = [
  ...RECORD_COLUMNS,
  { title: 'KEY', cell: ({ key }) => key || '-', widest: 64 },
]

/** Who asked, and with what if that was no account; the name on a refused request is what it claimed. */
function requesterText({ requester: { id, kind, credential } }: StoredRecord): string {
  const name = id || credential || '-'
  return kind === 'account' ? name : `${name} (${kind})`
}

function actionText({ action, keyVersion, items }: StoredRecord): string {
  const version = keyVersion === '' ? '' : ` v${keyVersion}`
  return `${action}${version}${items === 0 ? '' : ` of ${items}`}`
}

/** e.g. `failure 401, error 200` */
function responseText({ outcome, status, errorCode, reason }: StoredRecord): string {
  const facts = [status === 0 ? outcome : `${outcome} ${status}`]
  if (errorCode !== '') facts.push(`error ${errorCode}`)
  if (reason !== '') facts.push(reason)
  return facts.join(', ')
}
