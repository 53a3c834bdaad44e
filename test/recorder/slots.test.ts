import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { decodeSegmentHeader, encodeFreeHeader, encodeLiveHeader } from '../../src/recorder/segment.ts'
import { readSlots, SlotCleaner, slotPath } from '../../src/recorder/slots.ts'

const SEGMENT = 2 ** 20 + 5000
const live = encodeLiveHeader(Buffer.alloc(16, 1), { sequence: 9, bytes: SEGMENT })

function clean(cleaner: SlotCleaner): number {
  let steps = 1
  while (!cleaner.step()) steps++
  return steps
}

t.test('slots are told by their files’ names; other files are left alone', async (t) => {
  const directory = t.testdir({
    '003.journal': '',
    'x.journal': '',
    '1.journal': '',
    '0004.journal': '',
    a: '',
  })
  writeFileSync(slotPath(directory, 0), live)
  writeFileSync(slotPath(directory, 12), encodeFreeHeader())
  const slots = readSlots(directory).map(({ slot, header }) => [slot, header.kind, header.sequence])
  t.strictSame(slots, [
    [0, 'live', 9],
    [3, 'blank', 0],
    [12, 'free', 0],
  ])
})

for (const [name, size] of [
  ['new', -1],
  ['empty', 0],
  ['shorter', 5000],
  ['just as long', SEGMENT],
  ['longer', 3 * SEGMENT],
] as const) {
  t.test(`a slot that was ${name} is all zeros behind a free header, and as long as a segment`, async (t) => {
    const directory = t.testdir()
    const path = slotPath(directory, 7)
    if (size >= 0) writeFileSync(path, Buffer.alloc(size, 'secret'))
    clean(new SlotCleaner(directory, 7, SEGMENT))
    const bytes = readFileSync(path)
    t.equal(bytes.length, SEGMENT)
    t.equal(decodeSegmentHeader(bytes).kind, 'free')
    t.ok(bytes.subarray(encodeFreeHeader().length).equals(Buffer.alloc(SEGMENT - encodeFreeHeader().length)))
    if (size < 0) t.equal(statSync(path).mode & 0o077, 0, 'nobody else can read it')
  })
}

t.test('the header goes first and comes last, so that a half-zeroed segment is never read', async (t) => {
  const directory = t.testdir()
  const path = slotPath(directory, 0)
  writeFileSync(path, Buffer.concat([live, Buffer.alloc(SEGMENT - live.length, 'x')]))
  const cleaner = new SlotCleaner(directory, 0, SEGMENT)
  t.equal(cleaner.step(), false)
  const begun = readFileSync(path)
  t.equal(decodeSegmentHeader(begun).kind, 'blank')
  t.equal(begun[SEGMENT - 1], 'x'.charCodeAt(0), 'before anything else is zeroed')
  for (let left = SEGMENT; left > 0; left -= 2 ** 20) {
    t.equal(cleaner.step(), false)
    t.equal(decodeSegmentHeader(readFileSync(path)).kind, 'blank')
  }
  t.equal(cleaner.step(), true)
})

t.test('a cleaner that gives up takes a new file with it, not an old one', async (t) => {
  const directory = join(t.testdir(), 'journal')
  mkdirSync(directory)
  writeFileSync(slotPath(directory, 0), live)
  for (const slot of [0, 1]) {
    const cleaner = new SlotCleaner(directory, slot, SEGMENT)
    cleaner.step()
    cleaner.abort()
  }
  t.strictSame(
    readSlots(directory).map(({ slot }) => slot),
    [0],
  )
  const cleaner = new SlotCleaner(directory, 2, SEGMENT)
  renameSync(directory, `${directory}-moved`)
  cleaner.abort()
  rmSync(`${directory}-moved`, { recursive: true })
  t.throws(() => new SlotCleaner(directory, 2, SEGMENT), { code: 'ENOENT' })
})
