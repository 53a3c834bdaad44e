import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../helper/until.ts'
import {
  begin,
  exchange,
  finish,
  numbered,
  openRecorder,
  readStore,
  refusal,
  slotFiles,
} from './running-recorder.ts'

t.test('what is deleted or replaced while it is open is noticed, until it is back', async (t) => {
  const path = join(t.testdir({}), 'data')
  const reasons: (string | null)[] = []
  const recorder = await openRecorder(t, path, {
    onHealth: (part, failure) => reasons.push(failure === null ? null : `${part} ${failure.reason}`),
  })
  await exchange(recorder, numbered('first'))
  const [segment = ''] = slotFiles(path)
  const away = join(t.testdirName, 'away')

  /** Has the problem noticed that `harm` makes, and its end that `mend` makes. */
  const notices = async (file: string, change: RegExp, harm: () => void, mend: () => void): Promise<void> => {
    const open = await begin(recorder, numbered(`open ${reasons.length}`))
    harm()
    await until(() => (recorder.problems.length > 0 ? true : null))
    t.match(recorder.problems.join(), change)
    t.ok(recorder.problems.join().startsWith(file), `${recorder.problems} names ${file}`)
    t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
    const ended = refusal(finish(recorder, open, numbered(`open ${reasons.length - 1}`)))
    t.equal(await ended, 'STORE_UNAVAILABLE', 'no answer leaves whose record a start would not find')
    mend()
    await until(() => (recorder.problems.length === 0 ? true : null))
    await exchange(recorder, numbered(`after ${reasons.length}`))
  }
  const moved = (file: string) =>
    notices(
      file,
      /has been deleted/,
      () => renameSync(file, away),
      () => renameSync(away, file),
    )
  const replaced = (file: string) =>
    notices(
      file,
      /has been replaced/,
      () => {
        renameSync(file, away)
        cpSync(away, file, { recursive: true, filter: (name) => !name.endsWith('.lock') })
      },
      () => {
        rmSync(file, { recursive: true })
        renameSync(away, file)
      },
    )
  for (const file of [path, join(path, 'journal'), join(path, 'store.mdb'), segment]) {
    await moved(file)
    await replaced(file)
  }
  t.strictSame(reasons, Array(8).fill(['files files-changed', null]).flat())
  await recorder.close()
  const reopened = await openRecorder(t, path)
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 17, 'all is there, once, also what was withheld')
  for (const [id, kept] of outcomes) t.strictSame(kept, ['success'], id)
})

t.test('the end of a segment that is recycled is no harm', async (t) => {
  const path = t.testdir()
  const problems: unknown[] = []
  const recorder = await openRecorder(t, path, {
    segmentBytes: 2 ** 16,
    onHealth: (_part, failure) => problems.push(failure?.message),
  })
  const started = performance.now()
  for (let i = 0; performance.now() - started < 2500; i++) await exchange(recorder, numbered(i))
  t.strictSame(problems, [])
})
