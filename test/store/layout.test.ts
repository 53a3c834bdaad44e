import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  blockKey,
  keyOfRingState,
  LATEST,
  parseScheduleKey,
  ringStateKey,
  scheduleKey,
  seqOfBlockKey,
  tombstoneKey,
  tombstonePointerKey,
  UNATTRIBUTED_KEY,
} from '../../src/store/layout.ts'

const uint48 = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 48 - 1 }))
const uint32 = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 32 - 1 }))

/** -1, 0 or 1 by the first pair that differs. */
function order(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((number, index) => number !== b[index])
  return i === -1 ? 0 : Math.sign((a[i] as number) - (b[i] as number))
}

t.test('blocks sort by ring, then by sequence', async () => {
  const place = fc.tuple(uint32, uint48)
  fc.assert(
    fc.property(place, place, (a, b) => {
      assert.equal(Buffer.compare(blockKey(...a), blockKey(...b)), order(a, b))
      assert.equal(seqOfBlockKey(blockKey(...a)), a[1])
    }),
  )
})

t.test('timers sort by what they are for, then by when they are due', async () => {
  const timer = fc.tuple(fc.nat(1), uint48, uint32)
  fc.assert(
    fc.property(timer, timer, (a, b) => {
      assert.equal(Buffer.compare(scheduleKey(...a), scheduleKey(...b)), order(a, b))
      const [purpose, due, ring] = a
      assert.deepEqual(parseScheduleKey(scheduleKey(...a)), { due, purpose, ring })
    }),
  )
})

t.test('tombstones sort by time, then by ring', async () => {
  const place = fc.tuple(uint48, uint32)
  fc.assert(
    fc.property(place, place, (a, b) => {
      assert.equal(Buffer.compare(tombstoneKey(...a), tombstoneKey(...b)), order(a, b))
    }),
  )
})

t.test('a time that 48 bits do not hold is the nearest that they do', async (t) => {
  t.strictSame(scheduleKey(1, 1e300, 5), scheduleKey(1, LATEST, 5))
  t.strictSame(scheduleKey(1, Infinity, 5), scheduleKey(1, LATEST, 5))
  t.strictSame(scheduleKey(1, -1, 5), scheduleKey(1, 0, 5))
  t.strictSame(tombstoneKey(-1e9, 5), tombstoneKey(0, 5))
})

t.test('a key id comes back from its state key, wherever the bytes lie', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (key) => {
      const whole = Buffer.from(key).toString()
      const shifted = Buffer.concat([Buffer.from('xyz'), ringStateKey(key)]).subarray(3)
      assert.equal(keyOfRingState(shifted), whole)
    }),
  )
})

t.test('no key id, however odd, reaches into another kind of entry', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      assert.notDeepEqual(ringStateKey(a), tombstonePointerKey(b))
      assert.notDeepEqual(ringStateKey(a), UNATTRIBUTED_KEY)
      assert.notDeepEqual(tombstonePointerKey(a), UNATTRIBUTED_KEY)
    }),
  )
})
