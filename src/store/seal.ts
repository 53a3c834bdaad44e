import { crc32 } from 'node:zlib'

/**
 * The values of all databases but the records, which their chain protects, end with the CRC-32 of key and value: a
 * bit that flipped on the disk is noticed where it is read.
 */
const CRC_BYTES = 4

export function seal(key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(value.length + CRC_BYTES)
  sealed.set(value)
  sealed.writeUInt32BE(crc32(value, crc32(key)), value.length)
  return sealed
}

/** The value that was sealed, a view; null where key or value are not what they were. */
export function unseal(key: Uint8Array, sealed: Buffer): Buffer | null {
  const end = sealed.length - CRC_BYTES
  if (end < 0) return null
  const value = sealed.subarray(0, end)
  return crc32(value, crc32(key)) === sealed.readUInt32BE(end) ? value : null
}
