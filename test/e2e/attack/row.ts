import type { AuditRecord } from '../../../src/record.ts'
import type { Executed } from '../../helper/lenient-upstream.ts'

/** What came of an attack, as the table shows it. */
export interface Row {
  readonly name: string
  readonly sent: string
  readonly executed: string
  readonly recorded: string
  readonly answered: string
}

const MOST_SHOWN = 120

/** The table of `rows` in Markdown; `about` stands before it. */
export function attackTable(about: string, rows: readonly Row[]): string {
  const lines = rows.map(({ name, sent, executed, recorded, answered }) =>
    [name, code(sent), executed, recorded, answered].map(cell).join(' | '),
  )
  const head = ['attack | sent | upstream executed | recorded | answered', '---|---|---|---|---']
  return `${about}\n\n${[...head, ...lines].map((line) => `| ${line} |`).join('\n')}\n`
}

export function executedText(executed: readonly Executed[]): string {
  return executed.length === 0 ? 'nothing' : executed.map(({ method, body }) => call(method, body)).join(', ')
}

/** `METHOD(body)`. */
export function call(method: string, body: string): string {
  return `${method}(${body})`
}

/** Each record with the ring it goes to: without a key, or with one that nobody has proven, that is no key's. */
export function recordedText(records: readonly { record: AuditRecord; proven: boolean }[]): string {
  return records
    .map(({ record: { action, status, outcome, key }, proven }) =>
      // Whether the parser refuses it or the exchange is the matter of Node's version.
      [
        proven || outcome === 'unknown' ? action : 'refused',
        outcome,
        status,
        'in',
        proven ? ringOf(key) : key === '' ? '(unattributed)' : 'the key’s ring, if it has one',
      ].join(' '),
    )
    .join(', ')
}

function ringOf(key: string): string {
  return key.endsWith('-end') ? 'its ring' : 'the key’s ring'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\r', '\\r').replaceAll('\n', '\\n')
}

function code(bytes: string): string {
  const text = JSON.stringify(bytes).slice(1, -1).replaceAll('\\"', '"').replaceAll('`', "'")
  const shown = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
  return `\`${shown.replace(/[\x7f-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)}\``
}
