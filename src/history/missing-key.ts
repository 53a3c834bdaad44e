import type { Reader } from '../store/reader.ts'
import { unknownKey } from './guard.ts'
import { tombstoneJson } from './key-json.ts'
import { HistoryProblem } from './problem.ts'

/** Throws what there is to say of a key without a ring: `KEY_DESTROYED` with its tombstone, or `KEY_UNKNOWN`. */
export function missingKey(reader: Reader, key: string): never {
  const tombstone = reader.tombstone(key)
  if (tombstone === null) throw unknownKey()
  const detail = 'this key was destroyed and its history with it; the tombstone is what is left'
  throw new HistoryProblem('KEY_DESTROYED', detail, { extension: { tombstone: tombstoneJson(tombstone) } })
}
