import type { RecordFilter, StoredRecord } from '../../src/store/reader.ts'

/** Whether `record` is one that `query` asks for, its period aside. */
export function matches(record: StoredRecord, query: RecordFilter): boolean {
  return (
    (query.action === '' || record.action === query.action) &&
    (query.requester === '' || record.requester.id === query.requester) &&
    (query.address === '' || record.address === query.address) &&
    (query.channel === '' || record.channel === query.channel) &&
    (query.outcome === '' || record.outcome === query.outcome) &&
    contains(record, query.q)
  )
}

function contains(record: StoredRecord, q: string): boolean {
  const wanted = q.toLowerCase()
  // A keyword of ASCII alone folds ASCII alone: «k» does not find the Kelvin sign, whose lower case it is.
  const fold = isAscii(wanted) ? foldAscii : (text: string) => text.toLowerCase()
  const status = record.status === 0 ? '' : String(record.status)
  const { action, requester, address, outcome, errorCode, requestId } = record
  return [action, requester.id, address, outcome, status, errorCode, requestId].some((text) =>
    fold(text).includes(wanted),
  )
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
