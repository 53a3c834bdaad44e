import { keywordMatch } from './keyword.ts'
import type { HistoryQuery } from './reader.ts'
import { fieldBytes, recordChannel, recordOutcome, TEXT_OFFSET } from './record-codec.ts'
import type { RecordMatch } from './record-match.ts'

type MatchQuery = Pick<HistoryQuery, 'q' | 'action' | 'requester' | 'address' | 'channel' | 'outcome'>

/** Compiles the filters of `query`, period and paging aside; null where every record matches. */
export function compileMatch({
  q,
  action,
  requester,
  address,
  channel,
  outcome,
}: MatchQuery): RecordMatch | null {
  const matches: RecordMatch[] = []
  if (channel !== '') matches.push(anyBlock((bytes, start) => recordChannel(bytes, start) === channel))
  if (outcome !== '') matches.push(anyBlock((bytes, start) => recordOutcome(bytes, start) === outcome))
  if (action !== '') matches.push(fieldEquals(0, fieldBytes('action', action)))
  if (requester !== '') matches.push(fieldEquals(1, fieldBytes('requester', requester)))
  if (address !== '') matches.push(fieldEquals(2, fieldBytes('address', address)))
  if (q !== '') matches.push(keywordMatch(q))
  const [first, ...rest] = matches
  if (first === undefined || rest.length === 0) return first ?? null
  return {
    block: (bytes) => matches.every((match) => match.block(bytes)),
    record: (bytes, start) => matches.every((match) => match.record(bytes, start)),
  }
}

function anyBlock(record: RecordMatch['record']): RecordMatch {
  return { block: () => true, record }
}

/** The searched text is a row of fields, each ended by NUL; `field` is one, its NUL included. */
function fieldEquals(index: number, field: Buffer): RecordMatch {
  return {
    block: (bytes) => bytes.includes(field),
    record(bytes, start) {
      let at = start + TEXT_OFFSET
      for (let skip = index; skip > 0; skip--) at = bytes.indexOf(0, at) + 1
      for (let i = 0; i < field.length; i++) if (bytes[at + i] !== field[i]) return false
      return true
    },
  }
}
