import type { Outcome } from '../record.ts'
import { FIRST_RECORD, nextRecord, recordEnd } from './block.ts'
import { recordOutcome, recordStatus, SEARCH_LENGTH_OFFSET, TEXT_OFFSET } from './record-codec.ts'
import type { RecordMatch } from './record-match.ts'

const OUTCOMES: readonly Outcome[] = ['success', 'failure', 'unknown']

/**
 * Case-insensitive substring of a record's searched text, of its outcome's word or of its status. A keyword of
 * ASCII characters finds these alone, in either case.
 */
export function keywordMatch(q: string): RecordMatch {
  // A NUL would match the ends of fields; no field holds one, nor a lone surrogate.
  const wanted = Buffer.from(q.replaceAll('\0', '\uFFFD')).toString().toLowerCase()
  const text = isAscii(wanted) ? asciiMatch(wanted) : unicodeMatch(wanted)
  const outcomes = new Set(OUTCOMES.filter((word) => word.includes(wanted)))
  const statuses = statusesWith(wanted)
  if (outcomes.size === 0 && statuses.size === 0) return text
  return {
    block(bytes) {
      text.block(bytes)
      return true
    },
    record: (bytes, start) =>
      outcomes.has(recordOutcome(bytes, start)) ||
      statuses.has(recordStatus(bytes, start)) ||
      text.record(bytes, start),
  }
}

/** The HTTP statuses whose digits hold `wanted`. */
function statusesWith(wanted: string): Set<number> {
  const statuses = new Set<number>()
  for (let status = 1; status < 1000; status++) if (String(status).includes(wanted)) statuses.add(status)
  return statuses
}

/**
 * Searches a whole block at once with the engine's own search, and then tells whose text the places found lie
 * in: a full ring is some 3 MB of text and must be searched within milliseconds.
 */
function asciiMatch(wanted: string): RecordMatch {
  const caseless = wanted === wanted.toUpperCase()
  const needle = Buffer.from(wanted)
  let found: number[] = []
  return {
    block(bytes) {
      // One byte, one character: lower-casing moves nothing, and changes no byte of UTF-8 to an ASCII letter.
      const text = caseless ? '' : bytes.toString('latin1').toLowerCase()
      found = recordsWith(bytes, wanted.length, (from) =>
        caseless ? bytes.indexOf(needle, from) : text.indexOf(wanted, from),
      )
      return found.length > 0
    },
    record: (_, start) => found.includes(start),
  }
}

/** Starts of the records in whose searched text `find`, which gives the next place from an offset on, finds one. */
function recordsWith(bytes: Buffer, length: number, find: (from: number) => number): number[] {
  const found: number[] = []
  let start = FIRST_RECORD
  for (let at = find(start); at !== -1; ) {
    let end = recordEnd(bytes, start)
    while (at >= end) {
      start = nextRecord(end)
      end = recordEnd(bytes, start)
    }
    const text = start + TEXT_OFFSET
    if (at < text) {
      at = find(text)
    } else {
      if (at + length <= text + bytes.readUInt16BE(start + SEARCH_LENGTH_OFFSET)) found.push(start)
      at = find(end)
    }
  }
  return found
}

function unicodeMatch(wanted: string): RecordMatch {
  return {
    block: () => true,
    record(bytes, start) {
      const text = start + TEXT_OFFSET
      const end = text + bytes.readUInt16BE(start + SEARCH_LENGTH_OFFSET)
      return bytes.toString('utf8', text, end).toLowerCase().includes(wanted)
    },
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
