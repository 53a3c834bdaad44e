import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { decodeRingState, encodeRingState, newRingState } from '../../src/store/ring-state.ts'

const uint48 = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 2 ** 48 - 1 }))
const noNul = fc.string({ unit: 'grapheme', maxLength: 50 }).map((text) => text.replaceAll('\0', ''))

const anyState = fc.record(
  {
    ring: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    openedAt: uint48,
    firstSeq: uint48,
    nextSeq: uint48,
    firstBlock: uint48,
    tailBlock: uint48,
    evictedByCount: uint48,
    evictedByAge: uint48,
    lost: uint48,
    redacted: uint48,
    unknown: uint48,
    clamped: uint48,
    oldestTime: uint48,
    newestTime: uint48,
    lastUseSeq: uint48,
    lastUseTime: uint48,
    destroyAt: uint48,
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    destroyBy: noNul,
    destroyAddress: noNul,
  },
  { noNullPrototype: true },
)

t.test('a state comes back as it was', async () => {
  fc.assert(
    fc.property(anyState, (state) => {
      assert.deepEqual(decodeRingState(encodeRingState(state)), state)
    }),
  )
})

t.test('a decoded hash outlives the bytes it was read from', async (t) => {
  const bytes = encodeRingState(newRingState(1, 2, Buffer.alloc(32, 3)))
  const { hash } = decodeRingState(bytes)
  bytes.fill(0)
  t.strictSame(hash, Buffer.alloc(32, 3))
})

t.test('bytes that are no state are damage', async (t) => {
  const bytes = encodeRingState(newRingState(1, 2, Buffer.alloc(32, 3)))
  t.throws(() => decodeRingState(bytes.subarray(0, 100)), { code: 'STORE_DAMAGED' })
  t.throws(() => decodeRingState(Buffer.alloc(0)), { code: 'STORE_DAMAGED' })
  bytes[0] = 2
  t.throws(() => decodeRingState(bytes), { code: 'STORE_DAMAGED' })
})

t.test('a new ring is empty', async (t) => {
  const state = newRingState(7, 1000, Buffer.alloc(32, 1))
  t.match(state, {
    ring: 7,
    openedAt: 1000,
    firstSeq: 1,
    nextSeq: 1,
    firstBlock: 1,
    tailBlock: 0,
    destroyAt: 0,
  })
})
