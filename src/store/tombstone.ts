import { KeytrailError } from '../errors.ts'
import type { Database } from './environment.ts'
import { TOMBSTONE_KEY_BYTES, tombstoneKey, tombstonePointerKey } from './layout.ts'
import type { Tombstone } from './reader.ts'

/** A tombstone as stored: JSON, because there are few and they are read by people. */
interface StoredTombstone extends Tombstone {
  readonly ring: number
}

/** Lays a tombstone and points the key id to it. Needs a transaction. */
export function layTombstone(tombstones: Database, keys: Database, ring: number, tombstone: Tombstone): void {
  const key = tombstoneKey(tombstone.time, ring)
  const stored: StoredTombstone = { ...tombstone, ring }
  tombstones.put(key, Buffer.from(JSON.stringify(stored)))
  keys.put(tombstonePointerKey(tombstone.key), key)
}

/** The newest tombstone of `key`; null where it was never destroyed. */
export function tombstoneOf(tombstones: Database, keys: Database, key: string): Tombstone | null {
  const pointer = keys.get(tombstonePointerKey(key))
  const stored = pointer && tombstones.get(pointer)
  return stored === undefined ? null : parseTombstone(stored)
}

/** Notes one more record that came after the destruction but belongs before it. Needs a transaction. */
export function countLate(tombstones: Database, keys: Database, key: string): void {
  const pointer = keys.get(tombstonePointerKey(key))
  const stored = pointer && tombstones.get(pointer)
  if (pointer === undefined || stored === undefined) return
  const tombstone: StoredTombstone = JSON.parse(stored.toString())
  tombstones.put(pointer, Buffer.from(JSON.stringify({ ...tombstone, records: tombstone.records + 1 })))
}

function parseTombstone(stored: Buffer): Tombstone {
  const { ring: _, ...tombstone }: StoredTombstone = JSON.parse(stored.toString())
  return tombstone
}

/** Whether {@link removeTombstones} would find one. */
export function hasTombstoneBefore(tombstones: Database, cutoff: number): boolean {
  if (cutoff <= 0) return false
  for (const _ of tombstones.keys({ start: tombstoneKey(0, 0), end: tombstoneKey(cutoff, 0), limit: 1 }))
    return true
  return false
}

/** At most `limit` tombstones, newest first; `before` is a former `nextBefore`. Throws `CURSOR_INVALID`. */
export function tombstonesBefore(
  tombstones: Database,
  before: string | null,
  limit: number,
): { tombstones: Tombstone[]; nextBefore: string | null } {
  const start = before === null ? Buffer.alloc(TOMBSTONE_KEY_BYTES, 0xff) : Buffer.from(before, 'hex')
  if (start.length !== TOMBSTONE_KEY_BYTES) {
    throw new KeytrailError('CURSOR_INVALID', 'cursor: expected one from an earlier page, found another text')
  }
  // Two more than asked for: the one at `before` itself, and one that tells whether there is a next page.
  const bounds = { start, end: Buffer.alloc(TOMBSTONE_KEY_BYTES), reverse: true, limit: limit + 2 }
  const found = [...tombstones.range(bounds)].filter(({ key }) => before === null || !start.equals(key))
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    tombstones: found.slice(0, limit).map(({ value }) => parseTombstone(value)),
    nextBefore: last === undefined ? null : Buffer.from(last.key).toString('hex'),
  }
}

/** Removes tombstones laid before `cutoff` (Unix ms), and their pointers. Needs a transaction. */
export function removeTombstones(tombstones: Database, keys: Database, cutoff: number): void {
  if (cutoff <= 0) return
  const old = [...tombstones.range({ start: tombstoneKey(0, 0), end: tombstoneKey(cutoff, 0), limit: 1000 })]
  for (const { key, value } of old) {
    tombstones.remove(key)
    const pointer = tombstonePointerKey(parseTombstone(value).key)
    if (keys.get(pointer)?.equals(key)) keys.remove(pointer)
  }
}
