import * as fs from 'node:fs'
import t from 'tap'
import { Journal } from '../../src/recorder/journal.ts'
import { Control, SlotState } from '../../src/recorder/queue.ts'
import { recover } from '../../src/recorder/recovery.ts'
import { slotPath } from '../../src/recorder/slots.ts'
import { faultyJournal, found, groupsIn, segmentsOpened } from './faulty-journal.ts'
import { type Entry, INSTANCE, intent, MemoryStore, RUN, record, testJournal } from './written-journal.ts'

for (const call of ['sync', 'writev', 'write'] as const) {
  t.test(
    `strict: when ${call} fails, the group is written again to another segment, and told only then`,
    async (t) => {
      const { journal: Journal, faults } = await faultyJournal(t)
      const journal = testJournal(t, { journal: Journal })
      const committed: number[] = []
      journal.onCommit = (position) => {
        committed.push(position)
        if (call !== 'write') faults[call] = committed.length === 1 ? 2 : 0
      }
      if (call === 'write') faults.write = 2
      journal.onReport = () => journal.queueEntries([record(0, `more-${journal.reports.length}`)])
      journal.write([intent(1)], [record(1)], [record(0, 'last')])
      t.strictSame(journal.reports, [`no ${call}`, `no ${call}`, null])
      t.equal(segmentsOpened(journal), call === 'write' ? 1 : 2, 'what came to nothing does not count')
      const states = journal.queue.control.subarray(Control.slotStates, Control.segmentSlots)
      t.equal(states.filter((state) => state === SlotState.unusable).length, call === 'write' ? 2 : 1)
      t.equal(committed.at(-1), journal.head)
      t.strictSame(found(journal).sort(), [
        '1:success',
        'last:success',
        'more-1:success',
        'more-2:success',
        'more-3:success',
      ])
    },
  )
}

t.test('committed: what was told but could not be synced is left to the rings', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal, durability: 'committed' })
  journal.endless = true
  faults.sync = 1
  let applied = 0
  journal.onReport = (error) => {
    if (error === null) return
    // The rings have taken it, so that its place in the queue is used anew.
    applied = journal.committed
    journal.queue.publish(Control.applied, applied)
    journal.queueEntries([record(0, 'later')])
  }
  journal.onCommit = (position) => {
    if (applied > 0 && position > applied) journal.stop()
  }
  journal.write([record(0, 'a')], [record(0, 'b')])
  t.strictSame(journal.reports, ['no sync', null])
  const store = new MemoryStore({ position: applied })
  recover(journal.directory, store, 0, RUN)
  t.strictSame(store.records, ['later:success'], 'the journal goes on where the rings are')
})

t.test(
  'committed: a late sync that failed is over when another works, with nothing else to write',
  async (t) => {
    const { journal: Journal, faults } = await faultyJournal(t)
    const journal = testJournal(t, { journal: Journal, durability: 'committed' })
    journal.endless = true
    faults.sync = 1
    journal.onReport = (error) => {
      journal.queue.publish(Control.applied, journal.committed)
      if (error === null) journal.stop()
    }
    journal.write([record(0, 'a')])
    t.strictSame(journal.reports, ['no sync', null])
  },
)

t.test('committed: while neither sync nor rings work, nothing is written over', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal, durability: 'committed' })
  journal.endless = true
  faults.sync = 1
  journal.onReport = () => {
    if (journal.reports.length === 2) journal.stop()
  }
  journal.write([record(0, 'a')], [record(0, 'b')])
  t.strictSame(journal.reports, ['no sync', 'no sync', 'no sync'])
  t.strictSame(found(journal), ['a:success', 'b:success'])
})

t.test('a slot that can’t be opened is given back to be made anew, and another is taken', async (t) => {
  const journal = testJournal(t)
  fs.rmSync(slotPath(journal.directory, 0))
  journal.onReport = () => undefined
  journal.write([record(0, 'a')], [record(0, 'b')])
  t.match(journal.reports, [/ENOENT/, null])
  t.equal(Atomics.load(journal.queue.control, Control.slotStates), SlotState.unusable)
  t.strictSame(found(journal), ['a:success', 'b:success'])
  while (journal.segments.cleanSlice());
  t.equal(Atomics.load(journal.queue.control, Control.slotStates), SlotState.free)
})

t.test('slots that came to nothing are made anew, so that a fault takes none away for good', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal, maxSegments: 4 })
  faults.sync = 12
  journal.onReport = () => {
    // Zeroed and synced as a whole, they are as good as new.
    while (journal.segments.cleanSlice());
    faults.doubtful.clear()
  }
  journal.write([record(0, 'a')], [record(0, 'b')])
  t.equal(journal.reports.length, 13)
  t.equal(segmentsOpened(journal), 1)
  t.strictSame(found(journal), ['a:success', 'b:success'])
})

t.test(
  'one that goes on after another has ended writes from COMMITTED on, to a segment of its own',
  async (t) => {
    const first = testJournal(t)
    first.write([intent(1)], [record(1), intent(2)])
    first.queueEntries([record(2), record(0, 'queued')])
    const reports: (Error | null)[] = []
    const resumed = new Journal({
      ...{ queue: first.queue, directory: first.directory, segmentBytes: 65_536, durability: 'strict' },
      ...{
        instance: INSTANCE,
        position: first.committed,
        sequence: 1,
        resumedAfter: new Error('its thread ended'),
      },
      acknowledge: () => undefined,
      failed: (error) => reports.push(error),
    })
    first.stop()
    resumed.run()
    t.strictSame(reports, [null], 'it has proved that it works')
    t.equal(first.committed, first.head)
    t.equal(segmentsOpened(first), 2)
    t.strictSame(groupsIn(first.directory, 1, 2).length, 1)
    t.strictSame(found(first), ['1:success', '2:success', 'queued:success'])
  },
)

t.test('committed: one that goes on leaves what may not be synced to the rings', async (t) => {
  const first = testJournal(t, { durability: 'committed' })
  first.write([record(0, 'a')])
  Atomics.store(first.queue.control, Control.stop, 0)
  first.queueEntries([record(0, 'b')])
  const reports: (string | null)[] = []
  const resumed = new Journal({
    ...{ queue: first.queue, directory: first.directory, segmentBytes: 65_536, durability: 'committed' },
    ...{
      instance: INSTANCE,
      position: first.committed,
      sequence: 1,
      resumedAfter: new Error('its thread ended'),
    },
    acknowledge: () => undefined,
    failed: (error) => {
      reports.push(error === null ? null : error.message)
      if (error !== null) first.queue.publish(Control.applied, first.committed)
      else first.stop()
    },
  })
  resumed.run()
  t.strictSame(reports, ['its thread ended', null])
  t.equal(first.committed, first.head)
})

t.test('without a free slot it says so, and goes on when there is one', async (t) => {
  const journal = testJournal(t, { segmentBytes: 8192, slots: 2, maxSegments: 2 })
  journal.onReport = (error) => {
    if (error === null) return
    journal.segments.update(0)
    journal.segments.recycle(journal.committed)
    while (journal.segments.cleanSlice());
  }
  const groups = Array.from({ length: 20 }, (_, i): Entry[] => [record(0, String(i), 400)])
  journal.write(...groups)
  t.match(journal.reports[0], /every journal segment is in use/)
  t.equal(journal.reports.at(-1), null)
  t.equal(journal.committed, journal.head)
})

t.test('told to stop while it can’t write, it tries once more and ends', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal })
  faults.sync = 99
  journal.onReport = () => journal.stop()
  journal.write([record(0, 'a')])
  t.strictSame(journal.reports, ['no sync', 'no sync'])
  t.equal(journal.committed, 0)
})
