/**
 * The keys of every database, as bytes that sort as they should. Pure.
 *
 * | database    | key                          | value                    |
 * |---|---|---|
 * | meta        | name                         | see meta.ts              |
 * | keys        | `k` key id · `t` key id · `u`  | ring state · tombstone key · state of the unattributed ring |
 * | records     | ring u32, first sequence u48 | block                    |
 * | schedule    | purpose u8, due u48, ring u32  | key id                 |
 * | tombstones  | time u48, ring u32           | tombstone                |
 * | credentials | `t` keyed hash · `x` expiry u48, hash · `k` key id, hash | expiry, issuer, key id (see credentials.ts) |
 * | changes     | number u48                   | see key-changes.ts       |
 */

/** Longest key id that gets a ring, in bytes: LMDB keys are at most 1978. */
export const MAX_KEY_BYTES = 1024

/** The largest number, and the latest time in Unix ms, that the 48 bits of a key or a state hold. */
export const LATEST = 2 ** 48 - 1

/** The ring of requests that belong to no known key. */
export const UNATTRIBUTED_RING = 0

export const UNATTRIBUTED_KEY = Buffer.from('u')

/** What a ring is scheduled for. */
export const Purpose = { sweep: 0, destroy: 1 } as const

/** A key as the store knows it: lone surrogates, which UTF-8 can't hold, are U+FFFD as everywhere in the bytes. */
export function storedKey(key: string): string {
  return Buffer.byteLength(key) === key.length ? key : Buffer.from(key).toString()
}

/** Whether this key id can have a ring. */
export function fitsRing(key: string): boolean {
  return key !== '' && Buffer.byteLength(key) <= MAX_KEY_BYTES
}

export function ringStateKey(key: string): Buffer {
  return Buffer.from(`k${key}`)
}

/** Bounds of the ring states of the keys behind `after`. */
export function ringStatesAfter(after: string): { start: Buffer; end: Buffer } {
  // The smallest text behind another is that with a NUL; no key needs more bytes to be told apart than it can have.
  const start = Buffer.from(`k${after}\0`).subarray(0, MAX_KEY_BYTES + 2)
  return { start, end: Buffer.from('l') }
}

export function tombstonePointerKey(key: string): Buffer {
  return Buffer.from(`t${key}`)
}

export function keyOfRingState(stored: Uint8Array): string {
  return Buffer.from(stored.buffer, stored.byteOffset + 1, stored.length - 1).toString()
}

export function blockKey(ring: number, seq: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key.writeUInt32BE(ring, 0)
  key.writeUIntBE(seq, 4, 6)
  return key
}

export function ringOfBlockKey(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUInt32BE(0)
}

export function seqOfBlockKey(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(4, 6)
}

/** A time that 48 bits don't hold is taken for the nearest that they do: durations come from outside. */
export function boundedTime(time: number): number {
  return Math.max(0, Math.min(time, LATEST))
}

/** Purposes come first, so that few destructions need not wait behind many sweeps. */
export function scheduleKey(purpose: number, due: number, ring: number): Buffer {
  const key = Buffer.allocUnsafe(11)
  key[0] = purpose
  key.writeUIntBE(boundedTime(due), 1, 6)
  key.writeUInt32BE(ring, 7)
  return key
}

export function parseScheduleKey(key: Uint8Array): { purpose: number; due: number; ring: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
  return { purpose: bytes.readUInt8(0), due: bytes.readUIntBE(1, 6), ring: bytes.readUInt32BE(7) }
}

export const TOMBSTONE_KEY_BYTES = 10

export function tombstoneKey(time: number, ring: number): Buffer {
  const key = Buffer.allocUnsafe(TOMBSTONE_KEY_BYTES)
  key.writeUIntBE(boundedTime(time), 0, 6)
  key.writeUInt32BE(ring, 6)
  return key
}
