import t from 'tap'
import { preferredType } from '../../src/history/accept.ts'

for (const [accept, type] of [
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV', 'text/csv'],
  ['text/*', 'text/csv'],
  ['application/x-ndjson', 'application/x-ndjson'],
  ['application/ndjson', 'application/x-ndjson'],
  ['text/html, text/csv;q=0.8, application/json;q=0.9', 'application/json'],
  ['text/csv; q=0.9, application/json;q=0.1', 'text/csv'],
  ['text/csv;q=0, application/json', 'application/json'],
  ['image/png', 'application/json'],
] as const) {
  t.test(`Accept: ${accept}`, async (t) => t.equal(preferredType(accept), type))
}
