import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { nextEpoch, writeEpoch } from '../../src/recorder/epoch.ts'
import type { JournalMark } from '../../src/store/journal-mark.ts'
import { INSTANCE } from './written-journal.ts'

function mark(epoch: number, clean = false): JournalMark {
  return { epoch, clean, slots: [] }
}

/** A journal's directory that has counted to `epoch`; null for one that has not begun. */
function counted(t: Test, epoch: number | null): string {
  const directory = t.testdir({})
  if (epoch !== null) writeEpoch(directory, INSTANCE, epoch)
  return directory
}

t.test('starts are counted in both places, and one that broke off in between counts once', async (t) => {
  const directory = counted(t, null)
  t.equal(nextEpoch(directory, INSTANCE, mark(0)), 1)
  t.equal(nextEpoch(directory, INSTANCE, mark(1)), 1, 'the very first start broke off')
  writeEpoch(directory, INSTANCE, 1)
  t.equal(nextEpoch(directory, INSTANCE, mark(1)), 2)
  t.equal(nextEpoch(directory, INSTANCE, mark(2)), 2, 'the store had counted, the directory had not')
  t.equal(nextEpoch(directory, INSTANCE, mark(1)), 2, 'neither had')
})

t.test('a store’s file from before is told, whether its run had ended cleanly or not', async (t) => {
  const directory = counted(t, 7)
  for (const clean of [true, false])
    t.throws(() => nextEpoch(directory, INSTANCE, mark(6, clean)), { code: 'STORE_ROLLED_BACK' })
})

t.test('a journal from before, or none, is told where it was needed', async (t) => {
  const directory = counted(t, 3)
  t.throws(() => nextEpoch(directory, INSTANCE, mark(5)), { code: 'STORE_ROLLED_BACK' })
  t.equal(nextEpoch(directory, INSTANCE, mark(5, true)), 6)
  rmSync(join(directory, 'epoch'))
  t.throws(() => nextEpoch(directory, INSTANCE, mark(5)), { code: 'STORE_DAMAGED' })
  t.equal(nextEpoch(directory, INSTANCE, mark(5, true)), 6)
})

t.test('what is in its place is told as what it is', async (t) => {
  const directory = counted(t, 3)
  t.throws(() => nextEpoch(directory, Buffer.alloc(16), mark(3)), {
    code: 'STORE_DAMAGED',
    message: /another/,
  })
  const path = join(directory, 'epoch')
  const whole = readFileSync(path)
  for (const bytes of [Buffer.alloc(0), whole.subarray(0, 20), Buffer.concat([whole, whole])]) {
    writeFileSync(path, bytes)
    t.throws(() => nextEpoch(directory, INSTANCE, mark(3)), { code: 'STORE_DAMAGED' })
  }
})

t.test('a write that failed leaves what stood there', async (t) => {
  const directory = counted(t, 3)
  mkdirSync(join(directory, 'epoch.new'))
  t.throws(() => writeEpoch(directory, INSTANCE, 4), { code: 'EISDIR' })
  t.equal(nextEpoch(directory, INSTANCE, mark(4)), 4)
})
