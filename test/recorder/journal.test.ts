import t from 'tap'
import { recover } from '../../src/recorder/recovery.ts'
import { faultyJournal, found, groupsIn, segmentsOpened } from './faulty-journal.ts'
import { type Entry, intent, MemoryStore, RUN, record, testJournal } from './written-journal.ts'

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
    t.equal(recover(journal.directory, store, 0, RUN).position, journal.committed)
    t.equal(store.records.length, 20)
  }
})
