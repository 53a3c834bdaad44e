import type { Refusal } from './dialect.ts'
import { isWhole } from './excerpt.ts'

/** Where a key id stands decides the status of its refusal. */
type KeyIdPlace = 'target' | 'message'

const refusals = {
  target: {
    tooLong: { status: 414, reason: 'key-too-long' },
    unreadable: { status: 400, reason: 'ambiguous-path' },
  },
  message: {
    tooLong: { status: 400, reason: 'key-too-long' },
    unreadable: { status: 400, reason: 'ambiguous-key' },
  },
} as const

/** Why a key id can't name a ring: longer than `limit` bytes of UTF-8, or not plain text; null where it can. */
export function refuseKeyId(key: string, limit: number, place: KeyIdPlace): Refusal | null {
  if (key.length > limit) return refusals[place].tooLong
  if (!isWhole(key)) return refusals[place].unreadable
  // No UTF-16 unit takes more than three bytes, so most keys need no count.
  if (key.length * 3 > limit && Buffer.byteLength(key) > limit) return refusals[place].tooLong
  return null
}
