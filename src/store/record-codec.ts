import type {
  AddressSource,
  AuditRecord,
  Channel,
  OperationClass,
  Outcome,
  RequesterKind,
} from '../record.ts'
import { MAX_KEY_BYTES } from './layout.ts'

/**
 * The compact bytes of a record, format version 1 (big-endian). They are written once, when the exchange
 * ends, and never change but for `time`, which the ring may raise before the record is hashed.
 *
 *     0  u8   format version        11  u8   channel, class, outcome, address source (2 bits each)
 *     1  u48  time, Unix ms         12  u8   requester kind
 *     7  u32  duration, ms          13  u16  HTTP status
 *                                   15  u32  items
 *                                   19  u16  length of the searched text
 *     21 searched text: action, requester, address, error code, request id, each ended by NUL;
 *        then credential, key version, reason, each ended by NUL; what is left is the key
 *        (only in the ring of unattributed requests: elsewhere the ring is the key's).
 */
const RECORD_VERSION = 1
const TIME_OFFSET = 1
const DURATION_OFFSET = 7
export const BITS_OFFSET = 11
const KIND_OFFSET = 12
const STATUS_OFFSET = 13
const ITEMS_OFFSET = 15
export const SEARCH_LENGTH_OFFSET = 19
export const TEXT_OFFSET = 21
export const TEXTS = 8
export const SEARCHED_TEXTS = 5

/** Longest kept text of each field, in UTF-16 units; what is longer ends in «…». */
const FIELD_LIMIT = {
  action: 128,
  requester: 256,
  address: 64,
  errorCode: 64,
  requestId: 128,
  credential: 128,
  keyVersion: 32,
  reason: 128,
}

/** Most bytes a record can take, its key aside: every field at its limit, three bytes of UTF-8 a unit. */
export const MAX_RECORD_BYTES =
  TEXT_OFFSET + 3 * Object.values(FIELD_LIMIT).reduce((sum, n) => sum + n + 1, 0)

const CHANNELS: readonly Channel[] = ['api', 'console', 'system']
const CLASSES: readonly OperationClass[] = ['use', 'manage', 'read', 'token']
const OUTCOMES: readonly Outcome[] = ['success', 'failure', 'unknown']
const SOURCES: readonly AddressSource[] = ['socket', 'proxy-protocol', 'forwarded']
const KINDS: readonly RequesterKind[] = ['account', 'token', 'certificate', 'anonymous']

/** Writes `record`, without its key, into `target` at `start`; returns the offset behind it. */
export function encodeRecord(record: AuditRecord, target: Buffer, start: number): number {
  target[start] = RECORD_VERSION
  target.writeUIntBE(record.time, start + TIME_OFFSET, 6)
  target.writeUInt32BE(inUint32(record.durationMs), start + DURATION_OFFSET)
  target[start + BITS_OFFSET] =
    CHANNELS.indexOf(record.channel) |
    (CLASSES.indexOf(record.class) << 2) |
    (OUTCOMES.indexOf(record.outcome) << 4) |
    (SOURCES.indexOf(record.addressSource) << 6)
  target[start + KIND_OFFSET] = KINDS.indexOf(record.requester.kind)
  target.writeUInt16BE(record.status & 0xffff, start + STATUS_OFFSET)
  target.writeUInt32BE(inUint32(record.items), start + ITEMS_OFFSET)
  const text = start + TEXT_OFFSET
  let at = writeField(record.action, FIELD_LIMIT.action, target, text)
  at = writeField(record.requester.id, FIELD_LIMIT.requester, target, at)
  at = writeField(record.address, FIELD_LIMIT.address, target, at)
  at = writeField(record.errorCode, FIELD_LIMIT.errorCode, target, at)
  at = writeField(record.requestId, FIELD_LIMIT.requestId, target, at)
  target.writeUInt16BE(at - text, start + SEARCH_LENGTH_OFFSET)
  at = writeField(record.requester.credential, FIELD_LIMIT.credential, target, at)
  at = writeField(record.keyVersion, FIELD_LIMIT.keyVersion, target, at)
  return writeField(record.reason, FIELD_LIMIT.reason, target, at)
}

/** Reads the record at `start`..`end`; `key` is that of its ring ('' to take the one in the bytes). */
export function decodeRecord(bytes: Buffer, start: number, end: number, key: string): AuditRecord {
  const bits = bytes.readUInt8(start + BITS_OFFSET)
  let at = start + TEXT_OFFSET
  const next = (): string => {
    const stop = bytes.indexOf(0, at)
    const text = bytes.toString('utf8', at, stop)
    at = stop + 1
    return text
  }
  const action = next()
  const id = next()
  const address = next()
  const errorCode = next()
  const requestId = next()
  const credential = next()
  const keyVersion = next()
  const reason = next()
  return {
    time: recordTime(bytes, start),
    durationMs: bytes.readUInt32BE(start + DURATION_OFFSET),
    channel: CHANNELS[bits & 3] ?? 'api',
    address,
    addressSource: SOURCES[bits >> 6] ?? 'socket',
    requester: { id, kind: KINDS[bytes.readUInt8(start + KIND_OFFSET)] ?? 'anonymous', credential },
    action,
    class: CLASSES[(bits >> 2) & 3] ?? 'use',
    key: key === '' ? bytes.toString('utf8', at, end) : key,
    keyVersion,
    outcome: recordOutcome(bytes, start),
    status: recordStatus(bytes, start),
    errorCode,
    requestId,
    items: bytes.readUInt32BE(start + ITEMS_OFFSET),
    reason,
  }
}

/** Unix ms. */
export function recordTime(bytes: Buffer, start: number): number {
  return bytes.readUIntBE(start + TIME_OFFSET, 6)
}

/** From the request's arrival to the record's time, in ms. */
export function recordDuration(bytes: Buffer, start: number): number {
  return bytes.readUInt32BE(start + DURATION_OFFSET)
}

/** Raises (never lowers) the time in not yet hashed bytes. */
export function setRecordTime(bytes: Buffer, start: number, time: number): void {
  bytes.writeUIntBE(time, start + TIME_OFFSET, 6)
}

export function recordOutcome(bytes: Buffer, start: number): Outcome {
  return OUTCOMES[(bytes.readUInt8(start + BITS_OFFSET) >> 4) & 3] ?? 'unknown'
}

export function recordChannel(bytes: Buffer, start: number): Channel {
  return CHANNELS[bytes.readUInt8(start + BITS_OFFSET) & 3] ?? 'api'
}

export function recordClass(bytes: Buffer, start: number): OperationClass {
  return CLASSES[(bytes.readUInt8(start + BITS_OFFSET) >> 2) & 3] ?? 'use'
}

export function recordStatus(bytes: Buffer, start: number): number {
  return bytes.readUInt16BE(start + STATUS_OFFSET)
}

/** Whether `record` is one through and through: its version, and eight texts, the first five as long as they say. */
export function wholeRecord(record: Buffer): boolean {
  if (record.length < TEXT_OFFSET || record[0] !== RECORD_VERSION) return false
  let at = TEXT_OFFSET
  for (let text = 0; text < TEXTS; text++) {
    if (text === SEARCHED_TEXTS && at !== TEXT_OFFSET + record.readUInt16BE(SEARCH_LENGTH_OFFSET))
      return false
    at = record.indexOf(0, at) + 1
    if (at === 0) return false
  }
  return true
}

/** The bytes that `text` is kept as in `field`, its NUL included: what an exact filter compares with. */
export function fieldBytes(field: keyof typeof FIELD_LIMIT, text: string): Buffer {
  const limit = FIELD_LIMIT[field]
  const bytes = Buffer.allocUnsafe(3 * limit + 1)
  return bytes.subarray(0, writeField(text, limit, bytes, 0))
}

/** `record` with `key` behind it, as the unattributed ring keeps it; a longer key ends in «…». */
export function withKey(record: Buffer, key: string): Buffer {
  const bytes = Buffer.from(key)
  if (bytes.length <= MAX_KEY_BYTES) return Buffer.concat([record, bytes])
  // A character cut in two decodes to U+FFFD at the end, and that is dropped.
  const kept = bytes.toString('utf8', 0, MAX_KEY_BYTES - 3).replace(/\uFFFD$/, '')
  return Buffer.concat([record, Buffer.from(`${kept}…`)])
}

/** Writes `text` and its NUL; returns the offset behind it. */
function writeField(text: string, limit: number, target: Buffer, at: number): number {
  const length = text.length
  if (length > limit) return writeField(shortened(text, limit), limit, target, at)
  // Nearly all fields are short ASCII: a plain loop costs less than a call into the encoder.
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0 || unit > 0x7e) return writeUnicodeField(text, target, at)
    target[at + i] = unit
  }
  target[at + length] = 0
  return at + length + 1
}

/** Never cuts a surrogate pair in two. */
function shortened(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 2)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return `${text.slice(0, splitsPair ? limit - 2 : limit - 1)}…`
}

/** A clock that steps back makes a duration negative, and a body may claim any number of items. */
function inUint32(number: number): number {
  return Math.max(0, Math.min(number, 0xffffffff))
}

/** NUL ends a field, so one inside a field is kept as U+FFFD. */
function writeUnicodeField(text: string, target: Buffer, at: number): number {
  const end = at + target.write(text.replaceAll('\0', '\uFFFD'), at, 'utf8')
  target[end] = 0
  return end + 1
}

/** Action and requester id, their bytes as latin1: for counting, where decoding each of them costs too much. */
export function actionAndRequester(bytes: Buffer, start: number): { action: string; requester: string } {
  const text = start + TEXT_OFFSET
  const actionEnd = bytes.indexOf(0, text)
  const requesterEnd = bytes.indexOf(0, actionEnd + 1)
  return {
    action: bytes.toString('latin1', text, actionEnd),
    requester: bytes.toString('latin1', actionEnd + 1, requesterEnd),
  }
}
