import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { LiveSegments } from '../../src/recorder/live-segments.ts'
import { Control, createSharedQueue, MAX_SLOTS, Queue, SlotState } from '../../src/recorder/queue.ts'
import { slotPath } from '../../src/recorder/slots.ts'

const SEGMENT = 8192

interface Setup {
  readonly maxSegments?: number
  readonly free?: readonly number[]
  readonly dirty?: readonly number[]
  readonly directory?: string
}

function setUp(t: Test, { maxSegments = 8, free = [], dirty = [], directory = t.testdir() }: Setup = {}) {
  const queue = new Queue(createSharedQueue(65_536))
  const segments = new LiveSegments({ queue, directory, segmentBytes: SEGMENT, maxSegments, free, dirty })
  return { queue, segments, directory }
}

function stateOf(queue: Queue, slot: number): number {
  return Atomics.load(queue.control, Control.slotStates + slot)
}

function slotsIn(queue: Queue, state: number): number[] {
  return Array.from({ length: MAX_SLOTS }, (_, slot) => slot).filter((slot) => stateOf(queue, slot) === state)
}

/** What the journal does when it begins a segment at `position`; returns its slot, -1 where none is free. */
function openSegment(queue: Queue, position: number): number {
  const [slot] = slotsIn(queue, SlotState.free)
  if (slot === undefined) return -1
  const opened = Atomics.load(queue.control, Control.segmentsOpened)
  Atomics.store(queue.control, Control.slotStates + slot, SlotState.used)
  Atomics.store(queue.control, Control.segmentSlots + (opened % MAX_SLOTS), slot)
  Atomics.store(queue.control, Control.segmentStarts + (opened % MAX_SLOTS), position | 0)
  Atomics.store(queue.control, Control.segmentsOpened, opened + 1)
  return slot
}

function cleanAll(segments: LiveSegments): void {
  while (segments.cleanSlice());
}

t.test('two slots are kept ready, and no more are made than there may be', async (t) => {
  const { queue, segments, directory } = setUp(t, { maxSegments: 3 })
  t.equal(segments.hasFree, false)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [0, 1])
  openSegment(queue, 0)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [1, 2])
  openSegment(queue, 10)
  openSegment(queue, 20)
  cleanAll(segments)
  t.equal(segments.hasFree, false)
  t.equal(readdirSync(directory).length, 3)
})

t.test(
  'segments are recycled strictly in order, when applied and when their intents are closed',
  async (t) => {
    const { queue, segments } = setUp(t)
    cleanAll(segments)
    for (const start of [0, 100, 200]) {
      openSegment(queue, start)
      cleanAll(segments)
    }
    segments.update(0)
    t.equal(segments.count, 3)
    segments.hold(1, 0)
    segments.hold(2, 150)
    segments.recycle(99)
    t.equal(segments.count, 3, 'not all applied')
    segments.recycle(200)
    t.equal(segments.count, 3, 'an intent in the first is open')
    segments.release(2)
    segments.recycle(200)
    t.equal(segments.count, 3, 'the second waits for the first')
    segments.release(1)
    segments.release(1)
    segments.release(77)
    segments.recycle(199)
    t.equal(segments.count, 2)
    segments.recycle(200)
    t.equal(segments.count, 1, 'the newest is the journal’s')
    segments.recycle(10_000)
    t.equal(segments.count, 1)
  },
)

t.test('an intent that is repeated keeps only its last segment', async (t) => {
  const { queue, segments } = setUp(t, { maxSegments: 4 })
  cleanAll(segments)
  openSegment(queue, 0)
  openSegment(queue, 100)
  segments.update(0)
  segments.hold(1, 10)
  segments.hold(2, 20)
  t.strictSame(segments.overdue(0), [], 'half of the slots are enough to go on with')
  cleanAll(segments)
  openSegment(queue, 200)
  segments.update(100)
  t.strictSame(segments.overdue(0), [1, 2])
  t.strictSame(segments.overdue(249), [], 'asked for a moment ago')
  segments.hold(1, 210)
  t.strictSame(segments.overdue(250), [2])
  segments.recycle(200)
  t.equal(segments.count, 3)
  segments.hold(2, 220)
  segments.recycle(200)
  t.equal(segments.count, 1)
  t.strictSame(segments.overdue(1000), [])
})

t.test('positions of segments are found beyond 2^31 and 2^32', async (t) => {
  for (const base of [2 ** 31, 2 ** 32, 2 ** 44]) {
    const { queue, segments } = setUp(t, { free: [0, 1, 2] })
    openSegment(queue, base - 50)
    openSegment(queue, base + 50)
    segments.update(base - 50)
    segments.hold(1, base + 49)
    segments.recycle(base + 50)
    t.equal(segments.count, 2)
    segments.release(1)
    segments.recycle(base + 49)
    t.equal(segments.count, 2)
    segments.recycle(base + 50)
    t.equal(segments.count, 1)
  }
})

t.test('what is used again is zeroed, in the order given', async (t) => {
  const directory = t.testdir()
  for (const slot of [0, 1, 2]) writeFileSync(slotPath(directory, slot), Buffer.alloc(SEGMENT, 'secret'))
  const { queue, segments } = setUp(t, { directory, dirty: [2, 0, 1] })
  const order: number[] = []
  while (segments.cleanSlice())
    for (const slot of slotsIn(queue, SlotState.free)) if (!order.includes(slot)) order.push(slot)
  t.strictSame(order, [2, 0, 1])
  for (const slot of order) t.notMatch(readFileSync(slotPath(directory, slot)).toString('latin1'), 'secret')
})

t.test('a slot that the journal could not open is made anew, and missing numbers are filled', async (t) => {
  const { queue, segments, directory } = setUp(t, { free: [0, 3] })
  rmSync(slotPath(directory, 0), { force: true })
  Atomics.store(queue.control, Control.slotStates, SlotState.unusable)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [0, 3])
  t.equal(readFileSync(slotPath(directory, 0)).length, SEGMENT)
  openSegment(queue, 0)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [1, 3])
})

t.test('while slots can’t be cleaned none is lost, and others get their turn', async (t) => {
  const directory = join(t.testdir(), 'journal')
  mkdirSync(directory)
  for (const slot of [0, 1]) writeFileSync(slotPath(directory, slot), Buffer.alloc(SEGMENT, 'x'))
  const { queue, segments } = setUp(t, { directory, dirty: [0, 1], maxSegments: 3 })
  segments.cleanSlice()
  renameSync(directory, `${directory}-away`)
  while (stateOf(queue, 0) !== SlotState.free) {
    try {
      segments.cleanSlice()
    } catch {
      break
    }
  }
  for (let attempt = 0; attempt < 20; attempt++) t.throws(() => segments.cleanSlice(), { code: 'ENOENT' })
  renameSync(`${directory}-away`, directory)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [0, 1])
  openSegment(queue, 0)
  openSegment(queue, 1)
  cleanAll(segments)
  t.strictSame(slotsIn(queue, SlotState.free), [2])
})

t.test('whatever happens, a segment that is needed keeps its slot, and no slot is lost', async (t) => {
  const action = fc.constantFrom('open', 'apply', 'hold', 'hold', 'release', 'clean', 'clean', 'unusable')
  const directory = t.testdir()
  fc.assert(
    fc.property(fc.array(fc.tuple(action, fc.nat(100)), { maxLength: 60 }), (actions) => {
      const { queue, segments } = setUp(t, { directory, maxSegments: 6 })
      /** Segments that may not be recycled, oldest first: their slots, starts and open tickets. */
      const model: { slot: number; start: number; open: Set<number> }[] = []
      let head = 2 ** 32 - 500
      let applied = head
      let ticket = 0
      for (const [what, n] of actions) {
        if (what === 'open') {
          const slot = openSegment(queue, head)
          if (slot !== -1) model.push({ slot, start: head, open: new Set() })
          head += slot === -1 ? 0 : 100
        }
        if (what === 'unusable') {
          const [slot] = slotsIn(queue, SlotState.free)
          if (slot !== undefined) Atomics.store(queue.control, Control.slotStates + slot, SlotState.unusable)
        }
        if (what === 'apply') {
          segments.update(applied)
          applied = Math.min(head, applied + n)
          while (model.length > 1 && model[0]?.open.size === 0 && (model[1]?.start ?? 0) <= applied)
            model.shift()
          segments.recycle(applied)
        }
        if (what === 'hold' && model.length > 0) {
          segments.update(applied)
          const position = applied + (n % Math.max(1, head - applied))
          segments.hold(++ticket, position)
          model.findLast(({ start }) => start <= position)?.open.add(ticket)
        }
        if (what === 'release') {
          segments.release(n % (ticket + 1))
          for (const { open } of model) open.delete(n % (ticket + 1))
        }
        if (what === 'clean') segments.cleanSlice()
        const needed = model.map(({ slot }) => slot)
        if (new Set(needed).size !== needed.length) return false
        if (needed.some((slot) => stateOf(queue, slot) !== SlotState.used)) return false
      }
      cleanAll(segments)
      segments.update(applied)
      if (segments.count !== model.length) return false
      // All other slots, up to the two spare ones that are always made, are free again.
      const free = slotsIn(queue, SlotState.free).length
      const used = slotsIn(queue, SlotState.used).length
      return used === model.length && free >= Math.min(2, 6 - used)
    }),
    { numRuns: 60 },
  )
})
