import { readFileSync } from 'node:fs'
import t from 'tap'
import { until } from '../helper/until.ts'
import {
  begin,
  exchange,
  exchanges,
  finish,
  numbered,
  openRecorder,
  PROVEN,
  readStore,
  slotFiles,
} from './running-recorder.ts'

const DESTROYED = { ...PROVEN, destruction: 'now' as const }

/** Whether any journal file holds `text`. */
function journalHolds(path: string, text: string): boolean {
  return slotFiles(path).some((file) => readFileSync(file).includes(text))
}

t.test(
  'a destroyed key’s records leave the journal, although intents are open in their segment',
  async (t) => {
    const path = t.testdir()
    const recorder = await openRecorder(t, path)
    const open = await begin(recorder, numbered('open', { key: 'other' }))
    for (let i = 0; i < 20; i++)
      await exchange(recorder, numbered(i, { key: 'gone', action: 'canary-action' }))
    t.ok(journalHolds(path, 'canary-action'), 'they were there')
    const ticket = await begin(recorder, numbered('last', { key: 'gone' }))
    await finish(recorder, ticket, numbered('last', { key: 'gone' }), DESTROYED)
    const start = performance.now()
    await until(() => (journalHolds(path, 'canary-action') || journalHolds(path, 'gone') ? null : true))
    t.comment(`gone after ${Math.round(performance.now() - start)} ms`)
    await finish(recorder, open, numbered('open', { key: 'other' }))
    await exchanges(recorder, { count: 50 })
    await recorder.close()
    const { outcomes } = await readStore(t, path)
    t.equal(outcomes.size, 51)
    t.strictSame(outcomes.get('open'), ['success'], 'the intent that was open has its outcome, once')
  },
)

t.test('an open intent that was repeated is found by the next start', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await begin(recorder, numbered('open', { key: 'other' }))
  await exchange(recorder, numbered(0, { key: 'gone', action: 'canary-action' }))
  await finish(recorder, 0, numbered(1, { key: 'gone' }), DESTROYED)
  await until(() => (journalHolds(path, 'canary-action') ? null : true))
  await recorder.close()
  const again = await openRecorder(t, path)
  t.match(again.store.recovery, { unknown: 1 })
  await again.close()
  const { outcomes } = await readStore(t, path)
  t.strictSame([...outcomes], [['open', ['unknown']]])
})

t.test('many destructions begin few segments', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  const start = performance.now()
  for (let i = 0; i < 40; i++) {
    await exchange(recorder, numbered(i, { key: `gone-${i}` }))
    await finish(recorder, 0, numbered(`d${i}`, { key: `gone-${i}` }), DESTROYED)
  }
  await until(() => (journalHolds(path, 'gone-') ? null : true))
  const halfSeconds = Math.ceil((performance.now() - start) / 500)
  const opened = new Int32Array(recorder.shared.control)[6] ?? 0
  t.ok(opened <= halfSeconds + 2, `${opened} segments in ${halfSeconds} half seconds`)
  await recorder.close()
})
