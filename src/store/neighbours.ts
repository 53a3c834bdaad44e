import type { Bounds, Database } from './environment.ts'
import { blockKey, LATEST } from './layout.ts'

const LAST_RING = 0xffff_ffff

/**
 * Writes the blocks before and behind those of `ring` once more. LMDB splits a page by copying entries to a new
 * one, and leaves their bytes in the unused part of the old one until that is next written to: with the ring
 * itself, the bytes of it that stand beside it go. Needs a transaction, in which the ring's blocks are removed.
 */
export function rewriteNeighbours(records: Database, ring: number): void {
  const before = { start: blockKey(ring, 0), end: blockKey(0, 0), reverse: true, limit: 1 }
  const behind = { start: blockKey(ring, LATEST), end: blockKey(LAST_RING, LATEST), limit: 1 }
  for (const bounds of [before, behind]) rewrite(records, bounds)
}

function rewrite(records: Database, bounds: Bounds): void {
  for (const { key, value } of [...records.range(bounds)]) records.put(key, Buffer.from(value))
}
