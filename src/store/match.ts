import type { Outcome } from '../record.ts'
import type { HistoryQuery } from './reader.ts'
import {
  fieldBytes,
  recordChannel,
  recordOutcome,
  recordStatus,
  SEARCH_LENGTH_OFFSET,
  TEXT_OFFSET,
} from './record-codec.ts'

/** Whether the record whose bytes start at `start` is asked for. */
export type Match = (bytes: Buffer, start: number) => boolean

/**
 * Compiles the filters of `query` (period and paging aside) to a test on a record's bytes, so that a scan
 * decodes only what it returns; null where every record matches.
 */
export function compileMatch({ q, action, requester, address, channel, outcome }: MatchQuery): Match | null {
  const tests: Match[] = []
  if (channel !== '') tests.push((bytes, start) => recordChannel(bytes, start) === channel)
  if (outcome !== '') tests.push((bytes, start) => recordOutcome(bytes, start) === outcome)
  if (action !== '') tests.push(fieldEquals(0, fieldBytes('action', action)))
  if (requester !== '') tests.push(fieldEquals(1, fieldBytes('requester', requester)))
  if (address !== '') tests.push(fieldEquals(2, fieldBytes('address', address)))
  if (q !== '') tests.push(contains(q))
  const [first, ...rest] = tests
  if (first === undefined) return null
  if (rest.length === 0) return first
  return (bytes, start) => tests.every((test) => test(bytes, start))
}

type MatchQuery = Pick<HistoryQuery, 'q' | 'action' | 'requester' | 'address' | 'channel' | 'outcome'>

/** The searched text is a row of fields, each ended by NUL; `field` is one, its NUL included. */
function fieldEquals(index: number, field: Buffer): Match {
  return (bytes, start) => {
    let at = start + TEXT_OFFSET
    for (let skip = index; skip > 0; skip--) at = bytes.indexOf(0, at) + 1
    for (let i = 0; i < field.length; i++) if (bytes[at + i] !== field[i]) return false
    return true
  }
}

const OUTCOMES: readonly Outcome[] = ['success', 'failure', 'unknown']

/** Case-insensitive substring of the searched text, the outcome's word or the status. */
function contains(q: string): Match {
  // A NUL would match the ends of fields; no field holds one, nor a lone surrogate.
  const wanted = Buffer.from(q.replaceAll('\0', '\uFFFD')).toString().toLowerCase()
  const outcomes = new Set(OUTCOMES.filter((word) => word.includes(wanted)))
  const statuses = new Map<number, boolean>()
  const statusContains = (status: number): boolean => {
    let known = statuses.get(status)
    if (known === undefined) {
      known = status !== 0 && String(status).includes(wanted)
      statuses.set(status, known)
    }
    return known
  }
  const textContains = isAscii(wanted) ? asciiContains(Buffer.from(wanted)) : unicodeContains(wanted)
  return (bytes, start) =>
    outcomes.has(recordOutcome(bytes, start)) ||
    statusContains(recordStatus(bytes, start)) ||
    textContains(bytes, start)
}

/** Lower case of every ASCII letter, other bytes as they are. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
)

/** A plain loop over bytes: a full ring is some 3 MB of text and must be searched within milliseconds. */
function asciiContains(wanted: Buffer): Match {
  const first = wanted[0]
  const { length } = wanted
  return (bytes, start) => {
    const last = start + TEXT_OFFSET + bytes.readUInt16BE(start + SEARCH_LENGTH_OFFSET) - length
    for (let at = start + TEXT_OFFSET; at <= last; at++) {
      if (FOLD[bytes[at] as number] !== first) continue
      let i = 1
      while (i < length && FOLD[bytes[at + i] as number] === wanted[i]) i++
      if (i === length) return true
    }
    return false
  }
}

function unicodeContains(wanted: string): Match {
  return (bytes, start) => {
    const text = start + TEXT_OFFSET
    const end = text + bytes.readUInt16BE(start + SEARCH_LENGTH_OFFSET)
    return bytes.toString('utf8', text, end).toLowerCase().includes(wanted)
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
