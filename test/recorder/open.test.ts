import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FIRST_GROUP } from '../../src/recorder/segment.ts'
import { openEnvironment } from '../../src/store/environment.ts'
import {
  begin,
  exchange,
  exchanges,
  numbered,
  openRecorder,
  readStore,
  slotFiles,
} from './running-recorder.ts'

/** The slot with the newest groups, and its bytes. */
function writtenSlot(path: string): { file: string; bytes: Buffer } {
  for (const file of slotFiles(path)) {
    const bytes = readFileSync(file)
    if (bytes.readUInt32BE(FIRST_GROUP) !== 0) return { file, bytes }
  }
  throw new Error('expected a slot that was written to')
}

t.test('a damaged journal keeps it from starting, and from nothing else: mended, it starts', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await begin(recorder, numbered('open'))
  await exchanges(recorder, { count: 20, concurrency: 1 })
  await recorder.close()
  const { file, bytes } = writtenSlot(path)
  const damaged = Buffer.from(bytes)
  damaged[FIRST_GROUP + 50] = (damaged[FIRST_GROUP + 50] ?? 0) ^ 1
  writeFileSync(file, damaged)
  for (let attempt = 0; attempt < 2; attempt++)
    await t.rejects(openRecorder(t, path), { code: 'STORE_DAMAGED', message: file.slice(-11) })
  writeFileSync(file, bytes)
  const mended = await openRecorder(t, path)
  t.match(mended.store.recovery, { unknown: 1 })
  await mended.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 21)
})

t.test('a store of a newer format is refused', async (t) => {
  const path = t.testdir()
  await (await openRecorder(t, path)).close()
  const environment = openEnvironment({ path, access: 'write', mapSize: 2 ** 28 })
  const format = Buffer.alloc(8)
  format.writeDoubleBE(99)
  environment.transaction(() => environment.meta.put(Buffer.from('format'), format))
  await environment.close()
  await t.rejects(openRecorder(t, path), { code: 'STORE_FORMAT' })
})

t.test('what can’t be a store is told as what it is', async (t) => {
  const path = t.testdir({ 'store.mdb': 'no store at all, but long enough to be looked at' })
  await t.rejects(openRecorder(t, path), { code: 'STORE_DAMAGED' })
  rmSync(join(path, 'store.mdb'))
  mkdirSync(join(path, 'store.mdb'))
  await t.rejects(openRecorder(t, path), { code: 'STORE_UNWRITABLE' })
})

t.test('a file in the place of the journal is told as one', async (t) => {
  const path = t.testdir({ journal: 'a file' })
  await t.rejects(openRecorder(t, path), { code: 'STORE_UNWRITABLE' })
  rmSync(join(path, 'journal'))
  const recorder = await openRecorder(t, path)
  await exchange(recorder, numbered(0))
  await recorder.close()
})

t.test('a store without its journal starts, and its journal begins anew', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await exchanges(recorder, { count: 10 })
  await recorder.close()
  rmSync(join(path, 'journal'), { recursive: true })
  const reopened = await openRecorder(t, path)
  await exchanges(reopened, { count: 10, first: 10 })
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 20)
})

t.test('segments of another size than before are used all the same', async (t) => {
  const path = t.testdir()
  let first = 0
  for (const segmentBytes of [2 ** 18, 2 ** 20, 2 ** 17]) {
    const recorder = await openRecorder(t, path, { segmentBytes })
    await exchanges(recorder, { count: 800, first })
    await recorder.close()
    first += 800
  }
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 2400)
})

t.test('files in the journal directory are the owner’s alone', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, join(path, 'data'))
  await exchange(recorder, numbered(0))
  await recorder.close()
  t.equal(statSync(join(path, 'data', 'journal')).mode & 0o777, 0o700)
  for (const file of slotFiles(join(path, 'data'))) t.equal(statSync(file).mode & 0o077, 0)
})
