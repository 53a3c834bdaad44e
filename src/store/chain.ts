import { hash } from 'node:crypto'

/** Bytes of a chain hash (SHA-256). */
export const HASH_BYTES = 32

const GENESIS = 'keytrail ring v1'
let scratch = Buffer.alloc(4096)

/** The hash after `record`: SHA-256(previous hash ‖ record bytes). Both parts have their length fixed by format. */
export function nextHash(previous: Uint8Array, record: Uint8Array): Buffer {
  const length = HASH_BYTES + record.length
  if (scratch.length < length) scratch = Buffer.alloc(length)
  scratch.set(previous, 0)
  scratch.set(record, HASH_BYTES)
  return hash('sha256', scratch.subarray(0, length), 'buffer')
}

/** What a ring's chain starts from: it binds the chain to this store, this ring and this key. */
export function genesisHash(instance: Uint8Array, ring: number, key: string): Buffer {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(ring)
  return hash('sha256', Buffer.concat([Buffer.from(GENESIS), instance, number, Buffer.from(key)]), 'buffer')
}
