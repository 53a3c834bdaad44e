import type { Outcome } from '../record.ts'
import {
  appendToBlock,
  blockCount,
  blockPreviousHash,
  FIRST_RECORD,
  newBlockWriter,
  nextRecord,
  recordEnd,
  startBlock,
} from './block.ts'
import { HASH_BYTES, nextHash } from './chain.ts'
import {
  BITS_OFFSET,
  decodeRecord,
  recordOutcome,
  recordTime,
  SEARCH_LENGTH_OFFSET,
  SEARCHED_TEXTS,
  setRecordTime,
  TEXT_OFFSET,
  TEXTS,
} from './record-codec.ts'

/**
 * A redaction stands where a record of the unattributed ring named a key that was destroyed since. It has the shape
 * of a record of format version 2: the record's time, nothing else of it, every text empty, and as its key the chain
 * hashes before and behind the record. So the chain goes on to the same head, and each redaction shows as one.
 */
const REDACTION_VERSION = 2
const HASHES_OFFSET = TEXT_OFFSET + TEXTS
const REDACTION_BYTES = HASHES_OFFSET + 2 * HASH_BYTES
/** Outcome `failure`: neither counted as unknown nor taken for a use. */
const FAILURE_BITS = 1 << 4

export function isRedaction(bytes: Buffer, start: number): boolean {
  return bytes[start] === REDACTION_VERSION
}

/** The chain hashes before and behind what was redacted; null where the bytes are no redaction. */
export function redactedLink(record: Buffer): { readonly before: Buffer; readonly behind: Buffer } | null {
  if (!isRedaction(record, 0) || record.length !== REDACTION_BYTES) return null
  return {
    before: record.subarray(HASHES_OFFSET, HASHES_OFFSET + HASH_BYTES),
    behind: record.subarray(HASHES_OFFSET + HASH_BYTES),
  }
}

/**
 * The block with redactions in the place of the records that name one of `keys`, each told to `redacted`; null where
 * there are none.
 */
export function redactBlock(
  block: Buffer,
  keys: ReadonlySet<string>,
  redacted: (index: number, outcome: Outcome) => void,
): Buffer | null {
  const target = newBlockWriter()
  let hash = Buffer.from(blockPreviousHash(block))
  startBlock(target, hash)
  let found = false
  let start = FIRST_RECORD
  for (let i = 0; i < blockCount(block); i++) {
    const end = recordEnd(block, start)
    const record = block.subarray(start, end)
    const behind = Buffer.from(redactedLink(record)?.behind ?? nextHash(hash, record))
    const hit = !isRedaction(record, 0) && keys.has(decodeRecord(record, 0, record.length, '').key)
    if (hit) redacted(i, recordOutcome(record, 0))
    const time = recordTime(record, 0)
    appendToBlock(target, hit ? redaction(time, hash, behind) : record, time)
    found ||= hit
    hash = behind
    start = nextRecord(end)
  }
  return found ? target.bytes.subarray(0, target.length) : null
}

function redaction(time: number, before: Buffer, behind: Buffer): Buffer {
  const bytes = Buffer.alloc(REDACTION_BYTES)
  bytes[0] = REDACTION_VERSION
  setRecordTime(bytes, 0, time)
  bytes[BITS_OFFSET] = FAILURE_BITS
  bytes.writeUInt16BE(SEARCHED_TEXTS, SEARCH_LENGTH_OFFSET)
  before.copy(bytes, HASHES_OFFSET)
  behind.copy(bytes, HASHES_OFFSET + HASH_BYTES)
  return bytes
}
