import fc from 'fast-check'
import t from 'tap'
import { MAX_ENTRY_BYTES } from '../../src/recorder/entry.ts'
import { Control, createSharedQueue, Queue, type SharedQueue } from '../../src/recorder/queue.ts'

const CAPACITY = 2 ** 14

/** Puts `bytes` as one entry, as the codec would: into the target that the queue names. */
function put(queue: Queue, position: number, bytes: Buffer): number {
  const start = queue.open(position)
  bytes.copy(queue.target, start)
  return queue.put(position, bytes.length)
}

const positions = fc.oneof(
  fc.nat(),
  fc.constantFrom(2 ** 31 - 100, 2 ** 32 - 100, 2 ** 40 + 3, 2 ** 48 - 2 ** 20),
)

t.test('what is put comes out for every thread, in order, over any number of turns of the ring', async () => {
  const entries = fc.array(fc.uint8Array({ minLength: 1, maxLength: MAX_ENTRY_BYTES }), { maxLength: 30 })
  fc.assert(
    fc.property(positions, entries, (start, entries) => {
      const shared = createSharedQueue(CAPACITY)
      const writer = new Queue(shared)
      const reader = new Queue(shared)
      let position = start
      for (const entry of entries) {
        const end = put(writer, position, Buffer.from(entry))
        if (end !== position + entry.length) return false
        if (!reader.copy(position, end).equals(entry)) return false
        if (!Buffer.concat(reader.views(position, end)).equals(entry)) return false
        position = end
      }
      return true
    }),
  )
})

t.test('an entry touches no byte of those before it, as long as it has room', async () => {
  const length = fc.integer({ min: 1, max: MAX_ENTRY_BYTES })
  fc.assert(
    fc.property(positions, length, length, (start, first, second) => {
      const queue = new Queue(createSharedQueue(CAPACITY))
      const before = Buffer.alloc(first, 1)
      const middle = put(queue, start, before)
      const end = put(queue, middle, Buffer.alloc(second, 2))
      return queue.copy(start, middle).equals(before) && queue.copy(middle, end).every((byte) => byte === 2)
    }),
  )
})

t.test('a position is found again from its low bits, less than 4 GiB after a known one', async () => {
  const known = fc.oneof(
    fc.integer({ min: -CAPACITY, max: CAPACITY }),
    fc.integer({ min: 2 ** 31 - 1000, max: 2 ** 31 + 1000 }),
    fc.integer({ min: 2 ** 32 - 1000, max: 2 ** 32 + 1000 }),
    fc.integer({ min: 0, max: 2 ** 48 }),
  )
  const distance = fc.oneof(
    fc.nat(2000),
    fc.integer({ min: 2 ** 31 - 5, max: 2 ** 31 + 5 }),
    fc.constant(2 ** 32 - 1),
  )
  const queue = new Queue(createSharedQueue(CAPACITY))
  fc.assert(
    fc.property(known, distance, (known, distance) => {
      queue.publish(Control.head, known + distance)
      return queue.position(Control.head, known) === known + distance
    }),
  )
})

t.test('both threads see one control, each place its own', async (t) => {
  const shared: SharedQueue = createSharedQueue(CAPACITY)
  const [a, b] = [new Queue(shared), new Queue(shared)]
  const { slotStates, segmentSlots, segmentStarts, segmentInodes, ...single } = Control
  const places = [...Object.values(single), slotStates, slotStates + 255, segmentSlots, segmentSlots + 255]
  for (const first of [segmentStarts, segmentInodes]) places.push(first, first + 255)
  for (const place of places) {
    t.equal(Atomics.load(b.control, place), 0, `${place} is nobody else's`)
    a.publish(place, place + 1)
    t.equal(Atomics.load(b.control, place), place + 1)
  }
})
