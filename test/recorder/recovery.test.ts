import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { KeytrailError } from '../../src/errors.ts'
import { recover as recoverJournal } from '../../src/recorder/recovery.ts'
import { decodeGroup, encodeFreeHeader, FIRST_GROUP } from '../../src/recorder/segment.ts'
import { slotPath } from '../../src/recorder/slots.ts'
import {
  abandon,
  credential,
  type Entry,
  intent,
  type JournalSettings,
  lost,
  MemoryStore,
  RUN,
  record,
  TestJournal,
  testJournal,
} from './written-journal.ts'

const SEGMENT = 8192

/** Writes `groups` to a journal with small segments. */
function written(t: Test, groups: readonly Entry[][], settings: JournalSettings = {}): TestJournal {
  return testJournal(t, { segmentBytes: SEGMENT, slots: 6, ...settings }).write(...groups)
}

/** A store that no start has finished on comes to the journal anew. */
function recover(directory: string, store: MemoryStore, now: number): ReturnType<typeof recoverJournal> {
  if (store.mark.epoch === 0) rmSync(join(directory, 'epoch'), { force: true })
  return recoverJournal(directory, store, now, RUN)
}

function recovered(directory: string, store = new MemoryStore()): string[] {
  recover(directory, store, 0)
  return store.records
}

/** What a recovery is refused with. */
function damage(directory: string, store = new MemoryStore()): KeytrailError {
  try {
    recover(directory, store, 0)
  } catch (error) {
    return error as KeytrailError
  }
  throw new Error('expected it to be refused')
}

/** Where the groups of a slot stand: offset and end of each. */
function places(path: string, sequence: number): { start: number; end: number }[] {
  const bytes = readFileSync(path)
  const found: { start: number; end: number }[] = []
  for (let start = FIRST_GROUP; ; ) {
    const group = decodeGroup(bytes, start, sequence)
    if (group === null) return found
    const { end } = group
    found.push({ start, end })
    start = end
  }
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10
  writeFileSync(path, bytes)
}

function successes(...ids: (string | number)[]): string[] {
  return ids.map((id) => `${id}:success`)
}

t.test('every kind of entry takes its effect, and what has no outcome becomes unknown', async (t) => {
  const groups = [
    [intent(1), intent(2), intent(3), record(0, 'alone')],
    [record(2), credential('alice'), abandon(3), abandon(99)],
    [lost('k', 7), intent(4), record(5, 'of an older intent')],
  ]
  const { directory, head } = written(t, groups)
  const store = new MemoryStore()
  const recovery = recover(directory, store, 0)
  t.strictSame(store.records, [
    'alone:success',
    '2:success',
    '3:unknown',
    'of an older intent:success',
    '1:unknown',
    '4:unknown',
  ])
  t.strictSame(store.issuers, ['alice'])
  t.strictSame(store.lost, ['k:7'])
  t.match(recovery, { position: head, sequence: 2, unknown: 2, dirty: [0], free: [1, 2, 3, 4, 5] })
  t.equal(store.position, head)
})

t.test('nothing is done twice: not by another start, nor where the rings have a part', async (t) => {
  const groups = [
    [intent(1), record(0, 'a')],
    [record(1), intent(2)],
    [record(2), intent(3)],
  ]
  const { directory, head } = written(t, groups)
  const positions: number[] = []
  const again = new TestJournal(`${directory}-again`)
  again.onCommit = (position) => positions.push(position)
  again.write(...groups)
  const all = ['a:success', '1:success', '2:success', '3:unknown']
  for (const [i, position] of [0, ...positions].entries()) {
    const store = new MemoryStore({ position })
    recover(directory, store, 0)
    t.strictSame(store.records, all.slice([0, 1, 2, 3][i]), `applied up to group ${i}`)
    const { position: end } = recover(directory, store, 0)
    t.equal(end, head)
    t.strictSame(store.records, all.slice([0, 1, 2, 3][i]), 'a second start adds nothing')
  }
})

t.test('a crash during recovery is made good by the next one', async (t) => {
  const { directory } = written(t, [
    [intent(1), intent(2), record(0, 'a')],
    [record(1), lost('k', 1)],
  ])
  const store = new MemoryStore()
  store.failures = 1
  t.throws(() => recover(directory, store, 0), { message: 'disk on fire' })
  t.strictSame(store.records, [])
  t.strictSame(recovered(directory, store), ['a:success', '1:success', '2:unknown'])
  t.strictSame(store.lost, ['k:1'])
})

t.test('a torn last group loses that group alone, wherever it was torn', async (t) => {
  const { directory } = written(t, [[record(0, 'a')], [record(0, 'b')], [intent(1), record(0, 'c')]])
  const path = slotPath(directory, 0)
  const last = places(path, 1).at(-1) ?? { start: 0, end: 0 }
  const whole = readFileSync(path)
  for (let offset = last.start; offset < last.end; offset += 3) {
    const zeroed = Buffer.concat([whole.subarray(0, offset), Buffer.alloc(whole.length - offset)])
    writeFileSync(path, zeroed)
    // Where only zeros and the trailer are missing, nothing is.
    const complete = zeroed.subarray(0, last.end - 4).equals(whole.subarray(0, last.end - 4))
    const expected = complete ? 'a:success,b:success,c:success,1:unknown' : 'a:success,b:success'
    if (recovered(directory).join() !== expected) t.fail(`zeroed from ${offset}`)
  }
  writeFileSync(path, whole)
  t.strictSame(recovered(directory), ['a:success', 'b:success', 'c:success', '1:unknown'])
})

t.test(
  'a last group that was whole once and is not any more is damage: it may have been acknowledged',
  async (t) => {
    const { directory } = written(t, [[record(0, 'a')], [intent(1), record(0, 'c')]])
    const path = slotPath(directory, 0)
    const last = places(path, 1).at(-1) ?? { start: 0, end: 0 }
    const whole = readFileSync(path)
    for (let offset = last.start; offset < last.end - 4; offset += 3) {
      flip(path, offset)
      const { code, message } = damage(directory)
      if (code !== 'STORE_DAMAGED' || !message.includes(`at byte ${last.start}`))
        t.fail(`flipped at ${offset}`)
      writeFileSync(path, whole)
    }
    for (const offset of [last.start, last.start + 20, last.end - 1]) {
      truncateSync(path, offset)
      const mark = { epoch: 0, slots: [0], clean: false }
      t.match(damage(directory, new MemoryStore({ mark })), { code: 'STORE_DAMAGED', message: /at byte/ })
      writeFileSync(path, whole)
    }
  },
)

t.test('what was synced and can’t be read any more is damage, and is named', async (t) => {
  const groups = Array.from({ length: 4 }, (_, i): Entry[] => [record(0, String(i))])
  const { directory } = written(t, groups)
  const path = slotPath(directory, 0)
  const found = places(path, 1)
  t.equal(found.length, 4)
  const whole = readFileSync(path)
  for (const { start, end } of found.slice(0, -1)) {
    for (const offset of [start, start + 5, start + 10, start + 25, start + 40, end - 5]) {
      writeFileSync(path, whole)
      flip(path, offset)
      const { code, message } = damage(directory)
      t.equal(code, 'STORE_DAMAGED', `at ${offset}`)
      t.match(message, basename(path))
    }
  }
})

t.test(
  'committed: what was not synced may be lost with all that follows, and that is no damage',
  async (t) => {
    const groups = Array.from({ length: 4 }, (_, i): Entry[] => [record(0, String(i), 600)])
    const { directory } = written(t, groups, { durability: 'committed' })
    const path = slotPath(directory, 0)
    const [, second] = places(path, 1)
    const lostSector = Math.ceil((second?.start ?? 0) / 512) * 512
    writeFileSync(path, readFileSync(path).fill(0, lostSector, lostSector + 512))
    t.strictSame(recovered(directory), ['0:success'])
  },
)

t.test('a missing segment is damage as long as the rings need it', async (t) => {
  const groups = Array.from({ length: 60 }, (_, i): Entry[] => [record(0, String(i), 20)])
  const positions: number[] = []
  const journal = testJournal(t, { segmentBytes: SEGMENT, slots: 6 })
  journal.onCommit = (position) => positions.push(position)
  journal.write(...groups)
  const { directory } = journal
  const inFirst = places(slotPath(directory, 0), 1).length
  const inSecond = places(slotPath(directory, 1), 2).length
  t.ok(inFirst + inSecond < 60, 'there are three')
  for (const [slot, damaged] of [
    [0, slotPath(directory, 1)],
    [1, slotPath(directory, 2)],
  ] as const) {
    const kept = readFileSync(slotPath(directory, slot))
    rmSync(slotPath(directory, slot))
    t.match(damage(directory), { code: 'STORE_DAMAGED', message: basename(damaged) })
    writeFileSync(slotPath(directory, slot), Buffer.alloc(SEGMENT))
    t.match(damage(directory), { code: 'STORE_DAMAGED', message: basename(damaged) }, 'all zeros')
    writeFileSync(slotPath(directory, slot), kept)
  }
  rmSync(slotPath(directory, 0))
  const applied = new MemoryStore({ position: positions[inFirst - 1] ?? 0 })
  t.equal(recovered(directory, applied).length, 60 - inFirst, 'the rings have all of it')
})

t.test('what never was a segment is used again, not read', async (t) => {
  const { directory } = written(t, [[record(0, 'a')]])
  writeFileSync(slotPath(directory, 2), Buffer.alloc(SEGMENT))
  writeFileSync(slotPath(directory, 3), Buffer.alloc(SEGMENT, 'junk'))
  writeFileSync(slotPath(directory, 4), '')
  writeFileSync(join(directory, 'notes.txt'), 'mine')
  const store = new MemoryStore()
  const { free, dirty } = recover(directory, store, 0)
  t.strictSame(store.records, ['a:success'])
  t.strictSame(free, [1, 5])
  t.strictSame([...dirty].sort(), [0, 2, 3, 4])
})

t.test('the journal of another store is refused, not thrown away', async (t) => {
  const { directory } = written(t, [[record(0, 'a')]])
  const mark = { epoch: 0, slots: [], clean: true }
  const other = new MemoryStore({ instance: Buffer.from('another-instance'), mark })
  t.match(damage(directory, other), { code: 'STORE_DAMAGED', message: basename(slotPath(directory, 0)) })
  t.strictSame(recovered(directory), ['a:success'])
  t.throws(() => recoverJournal(directory, other, 0, RUN), { code: 'STORE_DAMAGED', message: /epoch/ })
})

t.test(
  'a slot that was used is missing, cut or changed: damage, unless the last run ended cleanly',
  async (t) => {
    const { directory, head } = written(t, [[record(0, 'a')]])
    const slots = [0, 1, 2, 3, 4, 5]
    const path = slotPath(directory, 0)
    const whole = readFileSync(path)
    const changes: [string, () => void][] = [
      ['missing', () => rmSync(path)],
      ['empty', () => writeFileSync(path, '')],
      ['cut', () => writeFileSync(path, whole.subarray(0, SEGMENT - 1))],
      ['without header', () => writeFileSync(path, Buffer.from(whole).fill(0, 0, FIRST_GROUP))],
      ...[0, 9, 25, 31, 36].map((at): [string, () => void] => [`flipped at ${at}`, () => flip(path, at)]),
    ]
    for (const [name, change] of changes) {
      change()
      const { code, message } = damage(
        directory,
        new MemoryStore({ mark: { epoch: 0, slots, clean: false } }),
      )
      t.equal(code, 'STORE_DAMAGED', name)
      t.match(message, basename(path), name)
      if (name !== 'flipped at 9') {
        const clean = new MemoryStore({ mark: { epoch: 0, slots, clean: true }, position: head })
        t.match(recover(directory, clean, 0), { replayed: 0, unknown: 0 }, name)
      }
      rmSync(join(directory, 'epoch'), { force: true })
      writeFileSync(path, whole)
    }
  },
)

t.test('a slot that was being zeroed is not read, however far that had come', async (t) => {
  const { directory } = written(t, [[intent(1), record(0, 'a')], [record(1)]])
  const path = slotPath(directory, 0)
  const whole = readFileSync(path)
  const store = new MemoryStore()
  recover(directory, store, 0)
  for (const zeroed of [FIRST_GROUP, FIRST_GROUP + 100, SEGMENT]) {
    whole.fill(0, 0, zeroed)
    writeFileSync(path, whole)
    const later = new MemoryStore({ position: store.position })
    t.match(recover(directory, later, 0), { dirty: [0], unknown: 0, position: store.position })
    t.strictSame(later.records, [])
  }
  encodeFreeHeader().copy(whole)
  writeFileSync(path, whole)
  t.match(recover(directory, new MemoryStore(), 0), { dirty: [] })
})

t.test(
  'an intent from before a start is not open again when its outcome’s segment has been zeroed',
  async (t) => {
    const groups = Array.from({ length: 30 }, (_, i): Entry[] =>
      i === 0 ? [intent(1)] : i === 29 ? [record(1)] : [record(0, String(i), 100)],
    )
    const { directory, head } = written(t, groups)
    t.ok(places(slotPath(directory, 1), 2).length > 0)
    // A clean end: the rings have everything.
    const store = new MemoryStore({ position: head })
    t.match(recover(directory, store, 0), { replayed: 0, unknown: 0 })
    const later = readdirSync(directory)
      .filter((name) => name.endsWith('.journal'))
      .slice(1)
    for (const name of later) writeFileSync(join(directory, name), Buffer.alloc(SEGMENT))
    t.match(recover(directory, store, 0), { replayed: 0, unknown: 0 })
    t.strictSame(store.records, [])
  },
)

t.test('slots to be zeroed are named oldest first', async (t) => {
  const { directory, head } = written(
    t,
    Array.from({ length: 60 }, (_, i): Entry[] => [record(0, String(i), 20)]),
  )
  const swapped = readFileSync(slotPath(directory, 0))
  copyFileSync(slotPath(directory, 2), slotPath(directory, 0))
  writeFileSync(slotPath(directory, 2), swapped)
  t.match(recover(directory, new MemoryStore(), 0), { dirty: [2, 1, 0], position: head })
})

t.test('a group that was written twice, the second time with more behind it, counts once', async (t) => {
  const first = written(t, [[intent(1)], [record(0, 'a'), record(1)]], { sequence: 7 })
  const [, torn] = places(slotPath(first.directory, 0), 7)
  const directory = `${first.directory}-again`
  const position = readFileSync(slotPath(first.directory, 0)).readUIntBE((torn?.start ?? 0) + 18, 6)
  new TestJournal(directory, { position, sequence: 8, segmentBytes: SEGMENT }).write([
    record(0, 'a'),
    record(1),
    record(0, 'b'),
  ])
  copyFileSync(slotPath(directory, 0), slotPath(first.directory, 1))
  t.strictSame(recovered(first.directory), successes('a', 1, 'b'))
  const path = slotPath(first.directory, 0)
  writeFileSync(path, readFileSync(path).fill(0, (torn?.start ?? 0) + 40))
  rmSync(join(first.directory, 'epoch'))
  t.strictSame(recovered(first.directory), successes('a', 1, 'b'), 'also where the first was torn')
})

t.test('an entry that is cut within an intact group is damage, not an endless start', async (t) => {
  for (const entry of [
    (target: Buffer, start: number) => target.writeUInt32BE(0, start) + 11,
    (target: Buffer, start: number) => target.writeUInt32BE(500, start) + 7,
  ]) {
    const { directory } = written(t, [[record(0, 'a')], [(target, start) => entry(target, start)]])
    t.match(damage(directory), { code: 'STORE_DAMAGED' })
  }
})

t.test('whatever was journalled and wherever it broke off, a start finds exactly that', async (t) => {
  const step = fc.oneof(
    fc.constant('intent' as const),
    fc.constant('finish' as const),
    fc.constant('abandon' as const),
    fc.constant('alone' as const),
  )
  const directory = join(t.testdir({}), 'journal')
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 30 }),
      fc.nat(29),
      fc.nat(30),
      fc.integer({ min: 0, max: 2 }),
      (plan, appliedGroups, keptGroups, era) => {
        rmSync(directory, { recursive: true, force: true })
        const position = [0, 2 ** 31 - 300, 2 ** 32 - 300][era] ?? 0
        const { groups, effects } = planned(plan)
        const journal = new TestJournal(directory, { position, segmentBytes: SEGMENT, slots: 6 })
        const ends: number[] = []
        journal.onCommit = (end) => ends.push(end)
        journal.write(...groups)
        const applied = Math.min(appliedGroups, keptGroups, groups.length)
        const kept = Math.min(keptGroups, groups.length)
        cutAfter(directory, kept)
        const store = new MemoryStore({ position: applied === 0 ? position : (ends[applied - 1] ?? 0) })
        recover(directory, store, 0)
        const { open, records } = effects(applied, kept)
        return (
          store.records.join() === [...records, ...open.map((ticket) => `${ticket}:unknown`)].join() &&
          store.position === (kept === 0 ? position : ends[kept - 1])
        )
      },
    ),
    { numRuns: 60 },
  )
})

/** Entries for a plan, and what groups `from`..`to` of it mean for a start that finds all up to `to`. */
function planned(plan: readonly (readonly ('intent' | 'finish' | 'abandon' | 'alone')[])[]) {
  let next = 0
  const open: number[] = []
  const groups: Entry[][] = []
  const effects: { group: number; opens?: number; closes?: number; record?: string }[] = []
  for (const [group, steps] of plan.entries()) {
    const entries: Entry[] = []
    for (const step of steps) {
      const id = ++next
      const ticket = step === 'finish' || step === 'abandon' ? open.splice(id % (open.length || 1), 1)[0] : id
      if (ticket === undefined) continue
      if (step === 'intent') {
        open.push(id)
        entries.push(intent(id))
        effects.push({ group, opens: id })
      } else if (step === 'abandon') {
        entries.push(abandon(ticket))
        effects.push({ group, closes: ticket, record: `${ticket}:unknown` })
      } else {
        entries.push(step === 'alone' ? record(0, String(id)) : record(ticket))
        effects.push({ group, closes: ticket, record: `${ticket}:success` })
      }
    }
    // A group of nothing is never written.
    groups.push(entries.length > 0 ? entries : [record(0, 'filler')])
    if (entries.length === 0) effects.push({ group, record: 'filler:success' })
  }
  return {
    groups,
    effects(from: number, to: number) {
      const kept = effects.filter(({ group }) => group < to)
      const stillOpen = new Set(kept.flatMap(({ opens }) => opens ?? []))
      for (const { closes } of kept) if (closes !== undefined) stillOpen.delete(closes)
      const records = kept.filter(({ group }) => group >= from).flatMap(({ record }) => record ?? [])
      return { open: [...stillOpen], records }
    },
  }
}

/** Destroys all groups but the first `kept`, as a crash would have left it. */
function cutAfter(directory: string, kept: number): void {
  let left = kept
  const names = readdirSync(directory).filter((name) => name.endsWith('.journal'))
  for (const [index, name] of names.sort().entries()) {
    const path = join(directory, name)
    const found = places(path, index + 1)
    if (found.length > left) {
      const bytes = readFileSync(path)
      bytes.fill(0, found[left]?.start ?? 0)
      writeFileSync(path, bytes)
    }
    left = Math.max(0, left - found.length)
  }
}
