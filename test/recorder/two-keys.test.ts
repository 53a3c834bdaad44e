import { join } from 'node:path'
import t from 'tap'
import { begin, finish, numbered, openRecorder, PROVEN, readStore } from './running-recorder.ts'

const BOTH = { ...PROVEN, otherKey: 'b' }

t.test('an exchange with two keys is in both rings, whatever becomes of it', async (t) => {
  const path = join(t.testdir({}), 'data')
  const first = await openRecorder(t, path)
  for (const key of ['a', 'b']) await finish(first, 0, numbered(`opens ${key}`, { key }))
  await finish(first, 0, numbered('finished', { key: 'a' }), BOTH)
  await new Promise<void>((done, fail) => {
    const open = numbered('open', { key: 'a', outcome: 'unknown' })
    first.begin(open, BOTH, { onJournalled: (error) => (error === null ? done() : fail(error)) })
  })
  await begin(first, numbered('open too', { key: 'a' }))
  await first.close()
  await (await openRecorder(t, path)).close()
  const { records } = await readStore(t, path)
  const seen = (key: string) =>
    records
      .filter((record) => record.key === key)
      .map(({ requestId, outcome }) => `${requestId}: ${outcome}`)
      .sort()
  t.strictSame(seen('a'), ['finished: success', 'open too: unknown', 'open: unknown', 'opens a: success'])
  t.strictSame(seen('b'), ['finished: success', 'open: unknown', 'opens b: success'])
})
