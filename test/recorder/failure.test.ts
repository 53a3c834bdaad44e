import { renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { KeytrailError } from '../../src/errors.ts'
import type { Recorder } from '../../src/recorder/recorder.ts'
import { openEnvironment } from '../../src/store/environment.ts'
import { StoreWriter } from '../../src/store/writer.ts'
import { smallFileSystem, unmountable } from '../helper/small-file-system.ts'
import { until } from '../helper/until.ts'
import {
  begin,
  exchange,
  exchanges,
  finish,
  hasExactly,
  numbered,
  openRecorder,
  RETENTION,
  readStore,
  refusal,
  slotFiles,
  sparesReady,
} from './running-recorder.ts'

/** What the recorder reports, in order: part and code, and null for «it can again». */
function health() {
  const seen: (string | null)[] = []
  return {
    seen,
    onHealth: (part: string, failure: { code: string } | null) =>
      seen.push(failure === null ? null : `${part} ${failure.code}`),
  }
}

/** Exchanges until the store refuses one; returns the ids that were acknowledged as finished. */
async function exchangesUntilRefused(recorder: Recorder, most: number, filler = ''): Promise<string[]> {
  const done: string[] = []
  let refused = false
  const lane = async (lane: number): Promise<void> => {
    for (let i = 0; !refused && done.length < most; i++) {
      const record = numbered(`${lane}-${i}`, { reason: filler })
      await exchange(recorder, record).then(
        () => done.push(record.requestId),
        (error: KeytrailError) => {
          if (error.code !== 'QUEUE_FULL') refused = true
          return delay(1)
        },
      )
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, i) => lane(i)))
  return done
}

t.test('while the journal can’t go on, all are refused; then it goes on by itself', async (t) => {
  const path = t.testdir()
  const { seen, onHealth } = health()
  const recorder = await openRecorder(t, path, { onHealth, segmentBytes: 2 ** 17 })
  const open = await begin(recorder, numbered('open'))
  renameSync(join(path, 'journal'), join(path, 'away'))
  const done = await exchangesUntilRefused(recorder, 100_000)
  t.ok(done.length > 0, 'as long as the open segment had room')
  t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
  const start = performance.now()
  t.equal(await refusal(finish(recorder, open, numbered('open'))), 'STORE_UNAVAILABLE')
  t.ok(performance.now() - start < 5000, 'without waiting for the deadline')
  t.match(recorder.problems.join(), /ENOENT|deleted/)
  renameSync(join(path, 'away'), join(path, 'journal'))
  await until(() => (recorder.problems.length === 0 ? true : null))
  t.match(seen[0], /^(journal|files) STORE_UNAVAILABLE$/)
  t.equal(seen.at(-1), null)
  await exchange(recorder, numbered('after'))
  await recorder.close()
  const reopened = await openRecorder(t, path)
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  for (const id of [...done, 'after', 'open']) t.strictSame(outcomes.get(id), ['success'], id)
  t.strictSame(
    [...outcomes].filter(([, kept]) => kept.length > 1),
    [],
    'nothing twice',
  )
  t.equal(outcomes.has('refused'), false)
})

t.test('files of slots that nobody needs are made anew where they vanish', async (t) => {
  const path = t.testdir()
  const { seen, onHealth } = health()
  const recorder = await openRecorder(t, path, { onHealth, segmentBytes: 2 ** 17 })
  await exchange(recorder, numbered(0))
  await sparesReady(recorder)
  const [live, ...spare] = slotFiles(path).filter((file) => file.endsWith('.journal'))
  t.ok(live !== undefined && spare.length >= 2)
  for (const file of spare) rmSync(file)
  await exchangesUntilRefused(recorder, 1000)
  await until(() => (recorder.problems.length === 0 ? true : null))
  await exchanges(recorder, { count: 500, first: 1 })
  t.equal(seen.at(-1) ?? null, null)
  await recorder.close()
  const { outcomes } = await readStore(t, path)
  for (let id = 0; id < 501; id++) if (outcomes.get(String(id))?.join() !== 'success') t.fail(`${id}`)
})

t.test(
  'with the disk full all are refused; with room again it goes on by itself',
  { skip: unmountable() },
  async (t) => {
    const path = smallFileSystem(t, 24)
    const { seen, onHealth } = health()
    const recorder = await openRecorder(t, path, { onHealth, queueBytes: 2 ** 18 })
    await exchange(recorder, numbered('first'))
    await sparesReady(recorder)
    const { bavail, bsize } = statfsSync(path)
    writeFileSync(join(path, 'filler'), Buffer.alloc(bavail * bsize - 2 ** 19))
    const done = await exchangesUntilRefused(recorder, 100_000, 'x'.repeat(100))
    t.match(seen.at(-1) ?? '', /STORE_UNAVAILABLE/)
    await until(() => (recorder.waiting === 0 ? true : null))
    t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
    t.not(recorder.problems.length, 0)
    rmSync(join(path, 'filler'))
    await until(() => (recorder.problems.length === 0 ? true : null))
    await exchange(recorder, numbered('after'))
    t.equal(seen.at(-1), null)
    await recorder.close()
    const reopened = await openRecorder(t, path)
    await reopened.close()
    const { outcomes } = await readStore(t, path)
    for (const id of ['first', ...done, 'after'])
      if (outcomes.get(id)?.join() !== 'success') t.fail(`${id}: ${outcomes.get(id)}`)
    t.strictSame(
      [...outcomes].filter(([, kept]) => kept.length > 1),
      [],
      'nothing twice',
    )
  },
)

t.test(
  'closed while it can’t write, it ends all the same, and the next start has what was acknowledged',
  async (t) => {
    const path = t.testdir()
    const recorder = await openRecorder(t, path, { segmentBytes: 2 ** 17 })
    renameSync(join(path, 'journal'), join(path, 'away'))
    const done = await exchangesUntilRefused(recorder, 100_000)
    const waiting = refusal(finish(recorder, 0, numbered('late')))
    await recorder.close()
    t.equal(await waiting, 'STORE_UNAVAILABLE')
    renameSync(join(path, 'away'), join(path, 'journal'))
    const reopened = await openRecorder(t, path)
    await reopened.close()
    const { outcomes } = await readStore(t, path)
    for (const id of done) if (outcomes.get(id)?.join() !== 'success') t.fail(`${id}`)
  },
)

t.test('a store that another process has taken over is refused, not written to', async (t) => {
  const path = t.testdir()
  const { seen, onHealth } = health()
  const recorder = await openRecorder(t, path, { onHealth })
  await exchange(recorder, numbered('mine'))
  await until(() => (recorder.pendingBytes === 0 ? true : null))
  const environment = openEnvironment({ path, access: 'write', mapSize: 2 ** 28 })
  new StoreWriter({ environment, path, retention: RETENTION, maxRings: 10 })
  await environment.close()
  await exchange(recorder, numbered('late'))
  await until(() => (recorder.problems.length > 0 ? true : null))
  t.equal(seen.at(-1), 'rings STORE_LOCKED')
  t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_LOCKED')
})

t.test('positions cross 2^31 and 2^32 while it runs', async (t) => {
  for (const base of [2 ** 31, 2 ** 32]) {
    const path = t.testdir()
    const environment = openEnvironment({ path, access: 'write', mapSize: 2 ** 28 })
    const writer = new StoreWriter({ environment, path, retention: RETENTION, maxRings: 10 })
    writer.commit(base - 100_000, 0, () => undefined)
    await environment.close()
    const recorder = await openRecorder(t, path, { segmentBytes: 2 ** 17 })
    t.equal(recorder.store.recovery.position, base - 100_000)
    await exchanges(recorder, { count: 700 })
    await recorder.close()
    const reopened = await openRecorder(t, path)
    t.ok(reopened.store.recovery.position > base)
    await exchanges(reopened, { count: 10, first: 700 })
    await reopened.close()
    await hasExactly(t, path, 710)
  }
})
