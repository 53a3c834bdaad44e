import { createHmac, randomBytes } from 'node:crypto'
import { KeytrailError } from '../errors.ts'
import type { Database } from './environment.ts'
import { missingStore } from './store-file.ts'

/** Version of the store's format; a store with a higher one is refused. */
const FORMAT = 1

const name = {
  format: Buffer.from('format'),
  instance: Buffer.from('instance'),
  secret: Buffer.from('secret'),
  owner: Buffer.from('owner'),
  position: Buffer.from('position'),
  settled: Buffer.from('settled'),
  nextRing: Buffer.from('next-ring'),
  rings: Buffer.from('rings'),
}

/** Makes a new store's meta entries, or checks those of an old one (`STORE_FORMAT`). Needs a transaction. */
export function initialiseMeta(meta: Database, path: string): void {
  if (meta.get(name.format) !== undefined) {
    checkFormat(meta, path)
    return
  }
  meta.put(name.format, number(FORMAT))
  meta.put(name.instance, randomBytes(16))
  meta.put(name.secret, randomBytes(32))
  meta.put(name.position, number(0))
  meta.put(name.nextRing, number(1))
  meta.put(name.rings, number(0))
}

/** Throws `STORE_FORMAT` unless this release can read the store, `STORE_MISSING` where none was made yet. */
export function checkFormat(meta: Database, path: string): void {
  if (meta.get(name.format) === undefined) throw missingStore(path, 'one that no keytrail has written to')
  const found = read(meta, name.format)
  if (found === FORMAT) return
  throw new KeytrailError(
    'STORE_FORMAT',
    `store ${path}: expected format ${FORMAT}, found ${found}; it was written by ${
      found > FORMAT
        ? 'a newer keytrail: start that release'
        : 'an older keytrail: see the CHANGELOG for the way up'
    }`,
  )
}

/** Random id of this store, 16 bytes; part of every record's stable id. */
export function instanceOf(meta: Database): Buffer {
  return required(meta, name.instance)
}

/** A key of its own for `purpose`, derived from the store's secret; never printed. */
export function derivedKey(meta: Database, purpose: 'credentials' | 'cursors'): Buffer {
  return createHmac('sha256', required(meta, name.secret)).update(purpose).digest()
}

/** How far the journal has been applied: an absolute offset in bytes. */
export function positionOf(meta: Database): number {
  return read(meta, name.position)
}

export function setPosition(meta: Database, position: number): void {
  meta.put(name.position, number(position))
}

/** Intents before this absolute journal offset were settled by an earlier start. */
export function settledOf(meta: Database): number {
  return read(meta, name.settled)
}

export function setSettled(meta: Database, position: number): void {
  meta.put(name.settled, number(position))
}

/** Names the process that may write; see {@link ownerOf}. */
export function setOwner(meta: Database, owner: Uint8Array): void {
  meta.put(name.owner, owner)
}

/** A writer whose own name is no longer here has lost the store to another and must stop. */
export function ownerOf(meta: Database): Buffer | undefined {
  return meta.get(name.owner)
}

/** Live rings, the unattributed one aside. */
export function ringCount(meta: Database): number {
  return read(meta, name.rings)
}

export function setRingCount(meta: Database, rings: number): void {
  meta.put(name.rings, number(rings))
}

/** Takes the next ring number; none is ever used twice. */
export function takeRingNumber(meta: Database): number {
  const ring = read(meta, name.nextRing)
  meta.put(name.nextRing, number(ring + 1))
  return ring
}

/** An entry without which nothing that is read or written would mean what it should. */
function required(meta: Database, key: Buffer): Buffer {
  const value = meta.get(key)
  if (value !== undefined) return value
  throw new KeytrailError(
    'STORE_DAMAGED',
    `store: expected the entry «${key}» in its meta database, found none; restore a backup of the data directory`,
  )
}

function read(meta: Database, key: Buffer): number {
  return meta.get(key)?.readDoubleBE(0) ?? 0
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
