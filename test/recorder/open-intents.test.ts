import fc from 'fast-check'
import t from 'tap'
import { entryTicket } from '../../src/recorder/entry.ts'
import { OpenIntents } from '../../src/recorder/open-intents.ts'
import { abandon, credential, type Entry, intent, lost, record } from './written-journal.ts'

function bytesOf(...entries: Entry[]): Buffer {
  const target = Buffer.alloc(65_536)
  let end = 0
  for (const entry of entries) end = entry(target, end)
  return target.subarray(0, end)
}

/** Where each ticket is held. */
function setUp() {
  const held = new Map<number, number>()
  const intents = new OpenIntents({
    hold: (ticket, position) => held.set(ticket, position),
    release: (ticket) => held.delete(ticket),
  })
  return { held, intents }
}

t.test('an intent holds its place until its record, or its abandonment, is applied', async (t) => {
  const { held, intents } = setUp()
  const first = bytesOf(record(0, 'x'), intent(1), intent(2), intent(3), record(2), lost('k', 1))
  intents.follow(first, 1000)
  t.strictSame([...held.keys()], [1, 3])
  t.equal(entryTicket(first, (held.get(1) ?? 0) - 1000), 1)
  t.equal(entryTicket(intents.find(1, null) ?? first, 0), 1)
  t.equal(intents.find(2, null), null)
  intents.follow(bytesOf(abandon(3), record(77), credential('i')), 2000)
  t.strictSame([...held.keys()], [1])
  intents.follow(bytesOf(intent(1)), 3000)
  t.strictSame([...held], [[1, 3000]], 'repeated, it moves on')
  intents.follow(bytesOf(intent(1), record(1)), 4000)
  t.equal(held.size, 0)
  t.equal(intents.find(1, null), null)
})

t.test('an intent is found in the batch under way, and kept apart from it', async (t) => {
  const { intents } = setUp()
  const batch = bytesOf(intent(1), abandon(1), intent(2))
  t.equal(entryTicket(intents.find(1, batch) ?? Buffer.alloc(20), 0), 1)
  t.equal(intents.find(9, batch), null)
  intents.follow(batch, 0)
  batch.fill(0)
  t.equal(entryTicket(intents.find(2, null) ?? batch, 0), 2, 'a copy')
})

t.test('what is held is what is open, however batches cut it', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(6), fc.boolean(), fc.nat(3)), { maxLength: 60 }), (steps) => {
      const { held, intents } = setUp()
      const open = new Set<number>()
      let position = 0
      let batch: Entry[] = []
      for (const [ticket, opens, size] of steps) {
        batch.push(opens ? intent(ticket + 1) : record(ticket + 1))
        if (opens) open.add(ticket + 1)
        else open.delete(ticket + 1)
        if (batch.length <= size) continue
        const bytes = bytesOf(...batch)
        intents.follow(bytes, position)
        position += bytes.length
        batch = []
        if ([...held.keys()].sort().join() !== [...open].sort().join()) return false
      }
      return true
    }),
  )
})
