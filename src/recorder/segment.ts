import { crc32 } from 'node:zlib'

/**
 * A segment file is preallocated and used again and again, so that a sync has no metadata to write.
 *
 *     0     8B  magic: live, or free (zeroed, ready for use); anything else must be zeroed first
 *     8     16B store instance     24 u48 sequence number     30 u32 bytes of the file
 *     34    u32 CRC-32 of the bytes before
 *     4096  groups, each what one write made durable:
 *           0 u32 magic   4 u32 CRC-32 of the rest   8 u32 bytes of entries   12 u48 sequence of the segment
 *           18 u48 absolute position   24 u48 everything before this position was synced   30 u16 0
 *           32 entries    then u32 trailer
 *
 * One CRC covers a group: it was acknowledged as a whole or not at all. The segment's sequence in it keeps
 * bytes of an earlier life from ever being read as this one's. The trailer, none of whose bytes is zero, tells a
 * group that was written to its end from one that was not.
 */
const LIVE = Buffer.from('KTJRNL01')
const FREE = Buffer.from('KTFREE01')
const GROUP_MAGIC = 0x4b544750
export const SEGMENT_HEADER_BYTES = 38
export const FIRST_GROUP = 4096
export const GROUP_HEADER_BYTES = 32
/** Ends every group. */
export const GROUP_TRAILER = Buffer.from('KTGE')
/** Bytes of a group beside its entries. */
export const GROUP_OVERHEAD = GROUP_HEADER_BYTES + GROUP_TRAILER.length
/** What a disk writes as a whole or not at all. */
const SECTOR_BYTES = 512

export interface SegmentHeader {
  /** `blank`: being made or zeroed; `damaged`: what keytrail never wrote. */
  readonly kind: 'live' | 'free' | 'blank' | 'damaged'
  readonly instance: Buffer
  readonly sequence: number
  /** Bytes the segment's file had when it was begun; 0 for one that is not live. */
  readonly bytes: number
}

export interface Group {
  /** Absolute position of the first entry. */
  readonly position: number
  /** Everything before this position was on disk when the group was written. */
  readonly synced: number
  readonly entries: Buffer
  /** Offset behind it. */
  readonly end: number
}

export function encodeLiveHeader(
  instance: Uint8Array,
  { sequence, bytes: size }: { readonly sequence: number; readonly bytes: number },
): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  LIVE.copy(bytes)
  bytes.set(instance, 8)
  bytes.writeUIntBE(sequence, 24, 6)
  bytes.writeUInt32BE(size, 30)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 34)), 34)
  return bytes
}

export function encodeFreeHeader(): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  FREE.copy(bytes)
  return bytes
}

/** A file cut short counts as zeros from there on. */
export function decodeSegmentHeader(found: Buffer): SegmentHeader {
  const bytes = Buffer.concat([found, Buffer.alloc(SEGMENT_HEADER_BYTES)], SEGMENT_HEADER_BYTES)
  const intact = bytes.subarray(0, 8).equals(LIVE) && crc32(bytes.subarray(0, 34)) === bytes.readUInt32BE(34)
  return {
    kind: intact ? 'live' : otherKind(bytes),
    instance: Buffer.from(bytes.subarray(8, 24)),
    sequence: intact ? bytes.readUIntBE(24, 6) : 0,
    bytes: intact ? bytes.readUInt32BE(30) : 0,
  }
}

function otherKind(bytes: Buffer): SegmentHeader['kind'] {
  if (bytes.equals(encodeFreeHeader())) return 'free'
  return isZero(bytes, 0, bytes.length) ? 'blank' : 'damaged'
}

/** Fills `header` for a group whose entries are `views`, one after the other. */
export function encodeGroupHeader(
  header: Buffer,
  group: { sequence: number; position: number; synced: number },
  views: readonly Buffer[],
): void {
  header.writeUInt32BE(GROUP_MAGIC, 0)
  header.writeUInt32BE(
    views.reduce((sum, view) => sum + view.length, 0),
    8,
  )
  header.writeUIntBE(group.sequence, 12, 6)
  header.writeUIntBE(group.position, 18, 6)
  header.writeUIntBE(group.synced, 24, 6)
  header.writeUInt16BE(0, 30)
  header.writeUInt32BE(
    views.reduce((crc, view) => crc32(view, crc), crc32(header.subarray(8))),
    4,
  )
}

/** The group at `start` of a segment's bytes; null where none stands intact. */
export function decodeGroup(bytes: Buffer, start: number, sequence: number): Group | null {
  if (start + GROUP_HEADER_BYTES > bytes.length || bytes.readUInt32BE(start) !== GROUP_MAGIC) return null
  const end = start + GROUP_HEADER_BYTES + bytes.readUInt32BE(start + 8)
  if (end + GROUP_TRAILER.length > bytes.length || bytes.readUIntBE(start + 12, 6) !== sequence) return null
  if (crc32(bytes.subarray(start + 8, end)) !== bytes.readUInt32BE(start + 4)) return null
  return {
    position: bytes.readUIntBE(start + 18, 6),
    synced: bytes.readUIntBE(start + 24, 6),
    entries: bytes.subarray(start + GROUP_HEADER_BYTES, end),
    end: end + GROUP_TRAILER.length,
  }
}

/**
 * Whether what stands at `start`, and is no intact group, was written to its end and changed since: then it may
 * have been acknowledged. What a crash leaves half-written lacks a sector, or its end: segments are zeroed
 * before use, and a disk writes a sector as a whole or not at all.
 */
export function wasWhole(bytes: Buffer, start: number): boolean {
  if (start + GROUP_HEADER_BYTES <= bytes.length && bytes.readUInt32BE(start) === GROUP_MAGIC) {
    const end = start + GROUP_OVERHEAD + bytes.readUInt32BE(start + 8)
    if (isComplete(bytes, start, end)) return true
  }
  // Where its length can't be trusted, it may reach as far as anything was written.
  let last = bytes.length
  while (last > start && bytes[last - 1] === 0) last--
  return isComplete(bytes, start, last)
}

function isComplete(bytes: Buffer, start: number, end: number): boolean {
  const trailer = end - GROUP_TRAILER.length
  if (trailer < start || end > bytes.length || !bytes.subarray(trailer, end).equals(GROUP_TRAILER))
    return false
  for (let at = start; at < end; ) {
    const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (isZero(bytes, at, next)) return false
    at = next
  }
  return true
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}

/** Offset of the next group magic at or after `start`; -1 for none. */
export function nextGroupMagic(bytes: Buffer, start: number): number {
  const magic = Buffer.alloc(4)
  magic.writeUInt32BE(GROUP_MAGIC)
  return bytes.indexOf(magic, start)
}
