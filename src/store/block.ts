/**
 * A block holds consecutive records of one ring; LMDB keeps it under (ring, sequence of its first record).
 * Blocks rather than single records, because a block of at most {@link BLOCK_BYTES} fills one LMDB page: a
 * ring of 30,000 records is some 900 values, so scanning, evicting and destroying it touches 900 keys.
 *
 *     0  u8   format version        9   u48  time of the newest record
 *     1  u16  records               15  32B  chain hash before the first record
 *     3  u48  time of the oldest    47  records: u16 length, bytes
 */
const BLOCK_VERSION = 1
const HEADER_BYTES = 47
const LENGTH_BYTES = 2

/** Bytes of the largest value that takes one overflow page: 4096 less the page header (24 in lmdb 3; 4073 takes two pages). */
export const BLOCK_BYTES = 4072

/** A block being filled; `bytes` is larger than {@link BLOCK_BYTES} only for one outsized record. */
export interface BlockWriter {
  bytes: Buffer
  length: number
}

export function newBlockWriter(): BlockWriter {
  return { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), length: 0 }
}

/** Starts an empty block whose chain goes on from `previousHash`. */
export function startBlock(block: BlockWriter, previousHash: Uint8Array): void {
  block.bytes[0] = BLOCK_VERSION
  block.bytes.fill(0, 1, 15)
  block.bytes.set(previousHash, 15)
  block.length = HEADER_BYTES
}

/** Goes on with a block read from the store. */
export function resumeBlock(block: BlockWriter, stored: Buffer): void {
  if (stored.length > block.bytes.length) block.bytes = Buffer.allocUnsafeSlow(stored.length)
  stored.copy(block.bytes)
  block.length = stored.length
}

/** Whether a record of `size` bytes fits; an empty block takes any. */
export function blockTakes(block: BlockWriter, size: number): boolean {
  return block.length + LENGTH_BYTES + size <= BLOCK_BYTES || block.length === HEADER_BYTES
}

export function appendToBlock(block: BlockWriter, record: Uint8Array, time: number): void {
  const end = block.length + LENGTH_BYTES + record.length
  if (end > block.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(end)
    block.bytes.copy(larger, 0, 0, block.length)
    block.bytes = larger
  }
  const { bytes } = block
  const count = blockCount(bytes)
  if (count === 0) bytes.writeUIntBE(time, 3, 6)
  bytes.writeUIntBE(time, 9, 6)
  bytes.writeUInt16BE(count + 1, 1)
  bytes.writeUInt16BE(record.length, block.length)
  bytes.set(record, block.length + LENGTH_BYTES)
  block.length = end
}

export function blockCount(bytes: Buffer): number {
  return bytes.readUInt16BE(1)
}

/** Unix ms of the oldest record in the block. */
export function blockOldest(bytes: Buffer): number {
  return bytes.readUIntBE(3, 6)
}

/** Unix ms of the newest record in the block. */
export function blockNewest(bytes: Buffer): number {
  return bytes.readUIntBE(9, 6)
}

export function blockPreviousHash(bytes: Buffer): Buffer {
  return bytes.subarray(15, HEADER_BYTES)
}

/** Offset of the first record; hand it to {@link recordEnd} and go on from there. */
export const FIRST_RECORD = HEADER_BYTES + LENGTH_BYTES

/** End of the record that starts at `start`; the next one starts {@link LENGTH_BYTES} later. */
export function recordEnd(bytes: Buffer, start: number): number {
  return start + bytes.readUInt16BE(start - LENGTH_BYTES)
}

export function nextRecord(end: number): number {
  return end + LENGTH_BYTES
}

/** Whether `bytes` is a block through and through: its version, and records that end where it ends. */
export function wholeBlock(bytes: Buffer): boolean {
  if (bytes.length < FIRST_RECORD || bytes[0] !== BLOCK_VERSION) return false
  let at = HEADER_BYTES
  for (let i = blockCount(bytes); i > 0; i--) {
    if (at + LENGTH_BYTES > bytes.length) return false
    at += LENGTH_BYTES + bytes.readUInt16BE(at)
  }
  return at === bytes.length && at > HEADER_BYTES
}
