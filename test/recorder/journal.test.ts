import * as fs from 'node:fs'
import t, { type Test } from 'tap'
import type { Journal } from '../../src/recorder/journal.ts'
import { Control, SlotState } from '../../src/recorder/queue.ts'
import { recover } from '../../src/recorder/recovery.ts'
import { decodeGroup, FIRST_GROUP, GROUP_HEADER_BYTES } from '../../src/recorder/segment.ts'
import { slotPath } from '../../src/recorder/slots.ts'
import { type Entry, intent, MemoryStore, record, type TestJournal, testJournal } from './written-journal.ts'

/** Calls of the file system that fail while their count lasts; each is noted. */
interface Faults {
  open: number
  write: number
  writev: number
  sync: number
  readonly calls: string[]
}

/** The journal on a file system with faults. */
async function faultyJournal(t: Test): Promise<{ journal: typeof Journal; faults: Faults }> {
  const faults: Faults = { open: 0, write: 0, writev: 0, sync: 0, calls: [] }
  const fault = (call: 'open' | 'write' | 'writev' | 'sync'): void => {
    faults.calls.push(call)
    if (faults[call]-- > 0) throw Object.assign(new Error(`no ${call}`), { code: 'EIO' })
  }
  const mock = {
    ...fs,
    openSync(...args: Parameters<typeof fs.openSync>) {
      fault('open')
      return fs.openSync(...args)
    },
    writeSync(...args: Parameters<typeof fs.writeSync>) {
      fault('write')
      return fs.writeSync(...args)
    },
    writevSync(...[fd, buffers, position]: Parameters<typeof fs.writevSync>) {
      if (faults.writev > 0) fs.writeSync(fd, Buffer.alloc(40, 'torn'), 0, 40, position ?? 0)
      fault('writev')
      return fs.writevSync(fd, buffers, position)
    },
    fdatasyncSync(fd: number) {
      fault('sync')
      fs.fdatasyncSync(fd)
    },
  }
  const module = await t.mockImport<typeof import('../../src/recorder/journal.ts')>(
    '../../src/recorder/journal.ts',
    { 'node:fs': mock },
  )
  return { journal: module.Journal, faults }
}

/** Numbers of the records that a start would find. */
function found(journal: TestJournal): string[] {
  const store = new MemoryStore()
  recover(journal.directory, store, 0)
  return store.records
}

function segmentsOpened({ queue }: TestJournal): number {
  return Atomics.load(queue.control, Control.segmentsOpened)
}

/** The groups of a slot, as [position, synced, bytes]. */
function groupsIn(directory: string, slot: number, sequence: number): number[][] {
  const bytes = fs.readFileSync(slotPath(directory, slot))
  const groups: number[][] = []
  for (let at = FIRST_GROUP; ; ) {
    const group = decodeGroup(bytes, at, sequence)
    if (group === null) return groups
    groups.push([group.position, group.synced, group.entries.length])
    at += GROUP_HEADER_BYTES + group.entries.length
  }
}

t.test('strict: each group is written once, synced, and only then told', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal })
  journal.onCommit = () => faults.calls.push('commit')
  journal.write([intent(1)], [record(1), intent(2)], [record(2)])
  t.equal(faults.calls.join(' '), 'open write writev sync commit writev sync commit writev sync commit')
  t.equal(journal.committed, journal.head)
  t.strictSame(found(journal), ['1:success', '2:success'])
  const groups = groupsIn(journal.directory, 0, 1)
  t.equal(groups.length, 3)
  for (const [position, synced] of groups) t.equal(synced, position, 'what came before was on disk')
})

for (const [durability, expected] of [
  ['committed', 'open write writev commit writev commit sync'],
  ['async', 'open write writev sync'],
] as const) {
  t.test(
    `${durability}: a group is written, told to who waits, and synced at the end at the latest`,
    async (t) => {
      const { journal: Journal, faults } = await faultyJournal(t)
      const journal = testJournal(t, { journal: Journal, durability })
      journal.onCommit = () => faults.calls.push('commit')
      journal.write([record(0, 'a')], [record(0, 'b')])
      t.equal(faults.calls.join(' '), expected)
      t.equal(journal.committed, journal.head)
      t.strictSame(found(journal), ['a:success', 'b:success'])
    },
  )
}

t.test('a segment is on disk as a whole before the next begins; groups are never cut in two', async (t) => {
  for (const durability of ['strict', 'committed'] as const) {
    const journal = testJournal(t, { durability, segmentBytes: 8192 })
    const groups = Array.from({ length: 30 }, (_, i): Entry[] => [record(0, String(i), i * 20)])
    journal.write(...groups)
    t.ok(segmentsOpened(journal) > 2)
    t.equal(found(journal).length, 30)
    const [next] = groupsIn(journal.directory, 1, 2)
    t.equal(next?.[0], next?.[1], 'all before was synced')
  }
})

t.test('what is too much for a segment is cut into groups of whole entries', async (t) => {
  const journal = testJournal(t, { segmentBytes: 8192, slots: 8 })
  journal.write(Array.from({ length: 90 }, (_, i) => record(0, String(i))))
  t.ok(segmentsOpened(journal) > 2)
  t.strictSame(
    found(journal),
    Array.from({ length: 90 }, (_, i) => `${i}:success`),
  )
})

t.test('positions cross 2^31 and 2^32', async (t) => {
  for (const base of [2 ** 31, 2 ** 32, 2 ** 40]) {
    const position = base - 500
    const journal = testJournal(t, { position, segmentBytes: 8192 })
    journal.write(...Array.from({ length: 20 }, (_, i): Entry[] => [record(0, String(i), 100)]))
    t.ok(journal.committed > base)
    const store = new MemoryStore({ position })
    t.equal(recover(journal.directory, store, 0).position, journal.committed)
    t.equal(store.records.length, 20)
  }
})

for (const call of ['sync', 'writev', 'write'] as const) {
  t.test(
    `strict: when ${call} fails, the group is written again in its place, and told only then`,
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
      t.equal(segmentsOpened(journal), 1, 'no other slot is taken')
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
  recover(journal.directory, store, 0)
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

t.test('a segment that vanished while its sync failed is given up', async (t) => {
  const { journal: Journal, faults } = await faultyJournal(t)
  const journal = testJournal(t, { journal: Journal })
  faults.sync = 1
  journal.onReport = () => {
    if (journal.reports.length === 1) fs.rmSync(slotPath(journal.directory, 0))
  }
  journal.write([record(0, 'a')], [record(0, 'b')])
  t.match(journal.reports, ['no sync', /ENOENT/, null])
  t.strictSame(found(journal), ['a:success', 'b:success'])
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
