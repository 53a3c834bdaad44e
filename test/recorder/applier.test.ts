import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Applier } from '../../src/recorder/applier.ts'
import { entryTicket } from '../../src/recorder/entry.ts'
import { LiveSegments } from '../../src/recorder/live-segments.ts'
import { OpenIntents } from '../../src/recorder/open-intents.ts'
import { Control, createSharedQueue, MAX_SLOTS, Queue, SlotState } from '../../src/recorder/queue.ts'
import { abandon, credential, type Entry, intent, lost, MemoryStore, record } from './written-journal.ts'

const SEGMENT = 8192

interface Settings {
  readonly position?: number
  readonly queueBytes?: number
  readonly maxSegments?: number
  readonly directory?: string
}

/** An applier within this thread, over a queue that the test fills as proxy and journal do. */
class TestApplier {
  readonly queue: Queue
  readonly segments: LiveSegments
  readonly store: MemoryStore
  readonly reports: (string | null)[] = []
  onReport: (error: Error | null) => void = () => undefined
  onRenew: (ticket: number) => void = () => undefined
  /** Called after each transaction. */
  onCommit: (position: number) => void = () => undefined
  readonly #applier: Applier
  #head: number

  constructor(directory: string, { position = 0, queueBytes = 65_536, maxSegments = 4 }: Settings = {}) {
    mkdirSync(directory, { recursive: true })
    this.#head = position
    this.queue = new Queue(createSharedQueue(queueBytes))
    const options = { queue: this.queue, directory, segmentBytes: SEGMENT, maxSegments }
    this.segments = new LiveSegments({ ...options, free: [], dirty: [] })
    while (this.segments.cleanSlice());
    for (const place of [Control.committed, Control.applied]) this.queue.publish(place, position)
    this.store = new MemoryStore({ position })
    const { commit } = this.store
    this.store.commit = (position, now, work) => {
      commit.call(this.store, position, now, work)
      this.onCommit(position)
    }
    this.#applier = new Applier({
      queue: this.queue,
      writer: this.store,
      segments: this.segments,
      intents: new OpenIntents(this.segments),
      position,
      failing: false,
      clock: () => 0,
      failed: (error) => {
        this.reports.push(error === null ? null : error.message)
        this.onReport(error)
      },
      renew: (entry) => this.onRenew(entryTicket(entry, 0)),
    })
  }

  get head(): number {
    return this.#head
  }

  get applied(): number {
    return this.queue.position(Control.applied, this.#head - this.queue.capacity)
  }

  /** Makes entries durable, as far as the applier can tell. */
  commit(...entries: readonly Entry[]): this {
    for (const entry of entries) {
      const start = this.queue.open(this.#head)
      this.#head = this.queue.put(this.#head, entry(this.queue.target, start) - start)
    }
    this.queue.publish(Control.committed, this.#head)
    return this
  }

  /** Begins a segment at the head, in any free slot. */
  openSegment(): this {
    const { control } = this.queue
    const slots = Array.from({ length: MAX_SLOTS }, (_, slot) => slot)
    const slot = slots.find((slot) => Atomics.load(control, Control.slotStates + slot) === SlotState.free)
    if (slot === undefined) throw new Error('no slot is free')
    const opened = Atomics.load(control, Control.segmentsOpened)
    Atomics.store(control, Control.slotStates + slot, SlotState.used)
    Atomics.store(control, Control.segmentSlots + opened, slot)
    Atomics.store(control, Control.segmentStarts + opened, this.#head | 0)
    Atomics.store(control, Control.segmentsOpened, opened + 1)
    return this
  }

  get stopped(): boolean {
    return Atomics.load(this.queue.control, Control.stop) > 0
  }

  stop(): void {
    Atomics.store(this.queue.control, Control.stop, 2)
  }

  /** Runs until it is stopped. */
  run(): void {
    this.#applier.run()
  }

  /** Applies what is there and ends. */
  drain(): void {
    this.stop()
    this.run()
  }
}

function testApplier(t: Test, settings: Settings = {}): TestApplier {
  return new TestApplier(settings.directory ?? t.testdir(), settings)
}

t.test('every kind of entry takes its effect once, and the room is given back', async (t) => {
  for (const position of [0, 2 ** 31 - 100, 2 ** 32 - 100]) {
    const applier = testApplier(t, { position })
    applier.commit(intent(1), intent(2), record(0, 'a'), credential('alice'), lost('k', 3))
    applier.commit(record(2), abandon(1), abandon(9))
    applier.drain()
    t.strictSame(applier.store.records, ['a:success', '2:success', '1:unknown'])
    t.strictSame(applier.store.issuers, ['alice'])
    t.strictSame(applier.store.lost, ['k:3'])
    t.equal(applier.store.position, applier.head)
    t.equal(applier.applied, applier.head)
  }
})

t.test('an intent abandoned long after its batch still has its record', async (t) => {
  const applier = testApplier(t)
  applier.commit(intent(1), record(0, 'a'))
  applier.onCommit = () => {
    applier.onCommit = () => applier.stop()
    // Written over what is applied, as the proxy may.
    applier.commit(...Array.from({ length: 300 }, (_, i) => record(0, `x${i}`)), abandon(1))
  }
  applier.run()
  t.equal(applier.store.records.at(-1), '1:unknown')
})

t.test('a transaction that fails is repeated, and counts once', async (t) => {
  const applier = testApplier(t)
  applier.commit(intent(1), record(0, 'a'))
  applier.store.failures = 2
  applier.onReport = (error) => {
    if (error === null) applier.stop()
    else applier.commit(record(0, `during ${applier.reports.length}`))
  }
  applier.run()
  t.strictSame(applier.reports, ['disk on fire', 'disk on fire', null])
  t.strictSame(applier.store.records, ['a:success', 'during 1:success', 'during 2:success'])
  t.equal(applier.applied, applier.head)
})

t.test('told to stop while the rings can’t be written, it tries once more and ends', async (t) => {
  const applier = testApplier(t).commit(record(0, 'a'))
  applier.store.failures = 99
  applier.drain()
  t.strictSame(applier.reports, ['disk on fire'])
  t.equal(applier.applied, 0, 'the journal keeps it')
})

t.test('no transaction is endless: a long queue is applied in pieces of whole entries', async (t) => {
  const applier = testApplier(t, { queueBytes: 2 ** 23 })
  const positions: number[] = []
  applier.onCommit = (position) => positions.push(position)
  let count = 0
  while (applier.head < 2 ** 23 - 10_000) applier.commit(record(0, String(++count), 1000))
  applier.drain()
  t.equal(positions.length, 2)
  t.equal(applier.store.records.length, count)
  t.equal(applier.applied, applier.head)
})

t.test('what is due is done however much there is to apply', async (t) => {
  const applier = testApplier(t)
  const limit = performance.now() + 5000
  let due = false
  let swept = 0
  applier.store.hasTimers = () => due
  applier.store.sweep = () => {
    due = false
    swept++
    applier.stop()
    return 1
  }
  applier.onCommit = () => {
    if (applier.stopped) return
    if (performance.now() > limit) applier.stop()
    due ||= applier.store.records.length === 10
    // There is always more, and somebody always asks for it.
    applier.commit(record(0, 'more'))
    Atomics.add(applier.queue.control, Control.flush, 1)
  }
  applier.commit(record(0, 'first'))
  applier.run()
  t.equal(swept, 1)
})

t.test('many timers are worked off without a pause, records in between', async (t) => {
  const applier = testApplier(t)
  applier.store.timers = 1000
  applier.store.sweep = () => {
    applier.store.timers -= 200
    applier.commit(record(0, `before ${applier.store.timers}`))
    if (applier.store.timers === 0) applier.stop()
    return 200
  }
  const start = performance.now()
  applier.run()
  t.ok(performance.now() - start < 490, 'five pieces, not one every half second')
  t.equal(applier.store.records.length, 5)
})

t.test(
  'intents that keep half of the segments are repeated if they are open, and keep them no more',
  async (t) => {
    const applier = testApplier(t, { maxSegments: 4 })
    applier.openSegment().commit(intent(1), intent(2), intent(3), record(3))
    for (let i = 0; i < 2; i++) {
      while (applier.segments.cleanSlice());
      applier.openSegment().commit(record(0, 'x'))
    }
    const renewed: number[] = []
    applier.onRenew = (ticket) => {
      t.equal(applier.segments.count, 3)
      renewed.push(ticket)
      // The proxy has finished 2 meanwhile.
      applier.commit(ticket === 2 ? record(2) : intent(ticket))
      if (renewed.length === 2) applier.stop()
    }
    applier.run()
    t.strictSame(renewed, [1, 2])
    t.equal(applier.segments.count, 1)
    t.equal(applier.applied, applier.head)
  },
)

t.test('slots that can’t be cleaned are a failure only when the journal has none left', async (t) => {
  const directory = join(t.testdir({}), 'journal')
  const applier = testApplier(t, { directory })
  renameSync(directory, `${directory}-away`)
  applier.openSegment().commit(record(0, 'a'))
  let batches = 0
  applier.onCommit = () => {
    if (++batches === 1) applier.commit(record(0, 'b'))
    if (batches !== 2) return
    t.strictSame(applier.reports, [], 'one is left')
    applier.openSegment()
  }
  applier.onReport = (error) => {
    if (error === null) applier.stop()
    else if (applier.reports.length === 1) applier.commit(record(0, 'c'))
    else renameSync(`${directory}-away`, directory)
  }
  applier.run()
  t.match(applier.reports, [/ENOENT/, /ENOENT/, null])
  t.strictSame(applier.store.records, ['a:success', 'b:success', 'c:success'], 'applied all the same')
})
