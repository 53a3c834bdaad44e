import type { AuditRecord } from '../record.ts'
import type { Credential } from '../store/credentials.ts'
import { boundedTime, MAX_KEY_BYTES } from '../store/layout.ts'
import { encodeRecord, MAX_RECORD_BYTES } from '../store/record-codec.ts'
import type { Submission } from '../store/submission.ts'

/**
 * Journal entries, as they stand in the queue and in the segments (big-endian):
 *
 *     0  u32  length of the whole entry      4  u8   kind      5  u48  ticket
 *     intent, record:  11 u8 flags  12 u48 destruction due  18 u16 key length  20 key, then, where bit 4 of the
 *                      flags is set, u16 length and text of another key, then the record's bytes
 *     credential:      11 32B keyed hash  43 u48 expiry  49 u16 issuer length  51 issuer, key
 *     abandon:         nothing more: the intent's outcome could not be told, it stays `unknown`
 *     lost:            11 u32 records lost  15 key
 *
 * A record with the ticket of an intent closes it; ticket 0 belongs to no intent. An open intent may be
 * repeated: only its last place counts. Texts that are too long are cut, but never to a length that fits a
 * ring: the record of a key too long for one must not end up in that of another key.
 */
export const EntryKind = { intent: 1, record: 2, credential: 3, abandon: 4, lost: 5 } as const

const HEADER_BYTES = 11
const SUBMISSION_BYTES = 20
const ISSUER_OFFSET = 51
/** One character of UTF-8 more than a key may have. */
const KEY_SPACE = MAX_KEY_BYTES + 4
/** Flags: bit 0 a proven key, bits 1 to 3 the destruction. */
const OTHER_KEY = 16
const DESTRUCTIONS: readonly Submission['destruction'][] = ['none', 'now', 'scheduled', 'cancelled', 'tokens']

/** Most bytes an entry can take. */
export const MAX_ENTRY_BYTES = SUBMISSION_BYTES + KEY_SPACE + 2 + KEY_SPACE + MAX_RECORD_BYTES

/** What becomes of the record's keys: see {@link Submission}. */
export type KeyEffect = Pick<Submission, 'keyProven' | 'destruction' | 'destroyAt' | 'otherKey'>

/** The effect of nearly all records. */
export const NO_EFFECT: KeyEffect = { keyProven: false, destruction: 'none', destroyAt: 0, otherKey: '' }

/** Writes an intent or a record at `start`; returns the offset behind it. */
export function encodeSubmission(
  kind: number,
  ticket: number,
  record: AuditRecord,
  effect: KeyEffect,
  target: Buffer,
  start: number,
): number {
  const hasOther = effect.otherKey !== ''
  target[start + HEADER_BYTES] =
    (effect.keyProven ? 1 : 0) | (DESTRUCTIONS.indexOf(effect.destruction) << 1) | (hasOther ? OTHER_KEY : 0)
  target.writeUIntBE(boundedTime(effect.destroyAt), start + 12, 6)
  const keyLength = target.write(record.key, start + SUBMISSION_BYTES, KEY_SPACE, 'utf8')
  target.writeUInt16BE(keyLength, start + 18)
  let at = start + SUBMISSION_BYTES + keyLength
  if (hasOther) {
    const otherLength = target.write(effect.otherKey, at + 2, KEY_SPACE, 'utf8')
    target.writeUInt16BE(otherLength, at)
    at += 2 + otherLength
  }
  return seal(kind, ticket, target, start, encodeRecord(record, target, at))
}

export function encodeCredential(
  { hash, expires, issuer, key }: Credential,
  target: Buffer,
  start: number,
): number {
  hash.copy(target, start + HEADER_BYTES)
  target.writeUIntBE(boundedTime(expires), start + 43, 6)
  const issuerLength = target.write(issuer, start + ISSUER_OFFSET, MAX_KEY_BYTES, 'utf8')
  target.writeUInt16BE(issuerLength, start + 49)
  const keyStart = start + ISSUER_OFFSET + issuerLength
  const end = keyStart + target.write(key, keyStart, KEY_SPACE, 'utf8')
  return seal(EntryKind.credential, 0, target, start, end)
}

export function encodeAbandon(ticket: number, target: Buffer, start: number): number {
  return seal(EntryKind.abandon, ticket, target, start, start + HEADER_BYTES)
}

export function encodeLost(key: string, count: number, target: Buffer, start: number): number {
  target.writeUInt32BE(count, start + HEADER_BYTES)
  const end = start + 15 + target.write(key, start + 15, KEY_SPACE, 'utf8')
  return seal(EntryKind.lost, 0, target, start, end)
}

export function entryLength(bytes: Buffer, start: number): number {
  return bytes.readUInt32BE(start)
}

export function entryKind(bytes: Buffer, start: number): number {
  return bytes.readUInt8(start + 4)
}

export function entryTicket(bytes: Buffer, start: number): number {
  return bytes.readUIntBE(start + 5, 6)
}

/** The intent or record at `start`; its record is a view of `bytes`. */
export function decodeSubmission(bytes: Buffer, start: number): Submission {
  const flags = bytes.readUInt8(start + HEADER_BYTES)
  const key = start + SUBMISSION_BYTES
  const keyEnd = key + bytes.readUInt16BE(start + 18)
  const hasOther = (flags & OTHER_KEY) !== 0
  const other = hasOther ? keyEnd + 2 : keyEnd
  const record = hasOther ? other + bytes.readUInt16BE(keyEnd) : keyEnd
  return {
    key: bytes.toString('utf8', key, keyEnd),
    keyProven: (flags & 1) === 1,
    destruction: DESTRUCTIONS[(flags >> 1) & 7] ?? 'none',
    destroyAt: bytes.readUIntBE(start + 12, 6),
    otherKey: bytes.toString('utf8', other, record),
    record: bytes.subarray(record, start + entryLength(bytes, start)),
  }
}

export function decodeCredential(bytes: Buffer, start: number): Credential {
  const issuer = start + ISSUER_OFFSET
  const key = issuer + bytes.readUInt16BE(start + 49)
  return {
    hash: Buffer.from(bytes.subarray(start + HEADER_BYTES, start + 43)),
    expires: bytes.readUIntBE(start + 43, 6),
    issuer: bytes.toString('utf8', issuer, key),
    key: bytes.toString('utf8', key, start + entryLength(bytes, start)),
  }
}

export function decodeLost(bytes: Buffer, start: number): { key: string; count: number } {
  return {
    count: bytes.readUInt32BE(start + HEADER_BYTES),
    key: bytes.toString('utf8', start + 15, start + entryLength(bytes, start)),
  }
}

/** Bytes of the whole entries that stand at the beginning of `bytes`, the end of which may cut one in two. */
export function wholeEntries(bytes: Buffer): number {
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + bytes.readUInt32BE(at)
    if (end < at + HEADER_BYTES || end > bytes.length) break
    at = end
  }
  return at
}

function seal(kind: number, ticket: number, target: Buffer, start: number, end: number): number {
  target.writeUInt32BE(end - start, start)
  target[start + 4] = kind
  target.writeUIntBE(ticket, start + 5, 6)
  return end
}
