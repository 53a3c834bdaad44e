import { crc32 } from 'node:zlib'

/**
 * A segment file is preallocated and used again and again, so that a sync has no metadata to write.
 *
 *     0     8B  magic: live, or free (zeroed, ready for use); anything else must be zeroed first
 *     8     16B store instance     24 u48 sequence number     30 u32 CRC-32 of the bytes before
 *     4096  groups, each what one write made durable:
 *           0 u32 magic   4 u32 CRC-32 of the rest   8 u32 bytes of entries   12 u48 sequence of the segment
 *           18 u48 absolute position   24 u48 everything before this position was synced   30 u16 0
 *           32 entries
 *
 * One CRC covers a group: it was acknowledged as a whole or not at all. The segment's sequence in it keeps
 * bytes of an earlier life from ever being read as this one's.
 */
const LIVE = Buffer.from('KTJRNL01')
const FREE = Buffer.from('KTFREE01')
const GROUP_MAGIC = 0x4b544750
export const SEGMENT_HEADER_BYTES = 34
export const FIRST_GROUP = 4096
export const GROUP_HEADER_BYTES = 32

export interface SegmentHeader {
  readonly kind: 'live' | 'free' | 'dirty'
  readonly instance: Buffer
  readonly sequence: number
}

export interface Group {
  /** Absolute position of the first entry. */
  readonly position: number
  /** Everything before this position was on disk when the group was written. */
  readonly synced: number
  readonly entries: Buffer
}

export function encodeLiveHeader(instance: Uint8Array, sequence: number): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  LIVE.copy(bytes)
  bytes.set(instance, 8)
  bytes.writeUIntBE(sequence, 24, 6)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 30)), 30)
  return bytes
}

export function encodeFreeHeader(): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  FREE.copy(bytes)
  return bytes
}

export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  const magic = bytes.subarray(0, 8)
  const live = bytes.length >= SEGMENT_HEADER_BYTES && magic.equals(LIVE)
  const intact = live && crc32(bytes.subarray(0, 30)) === bytes.readUInt32BE(30)
  return {
    kind: magic.equals(FREE) ? 'free' : intact ? 'live' : 'dirty',
    instance: Buffer.from(bytes.subarray(8, 24)),
    sequence: intact ? bytes.readUIntBE(24, 6) : 0,
  }
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
  if (end > bytes.length || bytes.readUIntBE(start + 12, 6) !== sequence) return null
  if (crc32(bytes.subarray(start + 8, end)) !== bytes.readUInt32BE(start + 4)) return null
  return {
    position: bytes.readUIntBE(start + 18, 6),
    synced: bytes.readUIntBE(start + 24, 6),
    entries: bytes.subarray(start + GROUP_HEADER_BYTES, end),
  }
}

/** Offset of the next group magic at or after `start`; -1 for none. */
export function nextGroupMagic(bytes: Buffer, start: number): number {
  const magic = Buffer.alloc(4)
  magic.writeUInt32BE(GROUP_MAGIC)
  return bytes.indexOf(magic, start)
}
