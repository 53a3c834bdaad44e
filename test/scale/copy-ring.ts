import {
  blockKey,
  LATEST,
  Purpose,
  ringStateKey,
  scheduleKey,
  seqOfBlockKey,
} from '../../src/store/layout.ts'
import { ringCount, setRingCount, takeRingNumber } from '../../src/store/meta.ts'
import { decodeRingState, encodeRingState } from '../../src/store/ring-state.ts'
import type { TestStore } from '../store/open-store.ts'

const BYTES_A_COMMIT = 64 * 2 ** 20

/**
 * Puts `copies` more rings like that of `key` into the store, many times as fast as recording does; returns their
 * keys. They are as the writer writes them, but that their chains begin with the hash of the first one.
 */
export function copyRing({ environment, now, retention }: TestStore, key: string, copies: number): string[] {
  const { meta, keys, records, schedule } = environment
  const stored = keys.get(ringStateKey(key))
  if (stored === undefined) throw new Error(`no ring of ${key}`)
  const state = decodeRingState(stored)
  const bounds = { start: blockKey(state.ring, 0), end: blockKey(state.ring, LATEST) }
  const blocks = [...records.range(bounds)].map(({ key, value }) => ({
    seq: seqOfBlockKey(key),
    bytes: Buffer.from(value),
  }))
  const size = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const names = Array.from({ length: copies }, (_, i) => `${key}-copy-${ringCount(meta) + i}`)
  const perCommit = Math.max(1, Math.floor(BYTES_A_COMMIT / size))
  for (let first = 0; first < copies; first += perCommit) {
    const some = names.slice(first, first + perCommit)
    environment.transaction(() => {
      for (const name of some) {
        const ring = takeRingNumber(meta)
        for (const { seq, bytes } of blocks) records.put(blockKey(ring, seq), bytes)
        keys.put(ringStateKey(name), encodeRingState({ ...state, ring }))
        schedule.put(scheduleKey(Purpose.sweep, now + retention.ageMs, ring), Buffer.from(name))
      }
      setRingCount(meta, ringCount(meta) + some.length)
    })
  }
  return names
}
