import t from 'tap'
import { NO_EFFECT } from '../../src/recorder/entry.ts'
import {
  begin,
  exchange,
  exchanges,
  finish,
  hasExactly,
  numbered,
  openRecorder,
  readStore,
  refusal,
  slotFiles,
} from './running-recorder.ts'

/** In `async` nobody waits, so that everything is queued at once. */
const QUEUE_BYTES = { strict: 2 ** 16, committed: 2 ** 16, async: 2 ** 22 }

for (const durability of ['strict', 'committed', 'async'] as const) {
  t.test(`${durability}: what is recorded arrives once, over many segments and several starts`, async (t) => {
    const path = t.testdir()
    for (const [first, count] of [
      [0, 3000],
      [3000, 300],
      [3300, 300],
    ] as const) {
      const recorder = await openRecorder(t, path, {
        durability,
        queueBytes: QUEUE_BYTES[durability],
        segmentBytes: 2 ** 18,
      })
      t.match(recorder.store.recovery, { replayed: 0, unknown: 0 })
      await exchanges(recorder, { count, first })
      t.equal(recorder.counters.records, count)
      t.equal(recorder.counters.intents, durability === 'strict' ? count : 0)
      t.equal(recorder.counters.lost, 0)
      await recorder.close()
      t.equal(recorder.pendingBytes, 0)
    }
    t.ok(slotFiles(path).length <= 8, 'segments are used again')
    await hasExactly(t, path, 3600)
  })
}

t.test('close writes what nobody waited for', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  for (let id = 0; id < 20; id++) recorder.note(0, numbered(id), NO_EFFECT)
  await recorder.close()
  await hasExactly(t, path, 20)
})

t.test('after close nothing is taken any more, and closing again is harmless', async (t) => {
  const recorder = await openRecorder(t, t.testdir())
  const ticket = await begin(recorder, numbered(1))
  const closed = recorder.close()
  t.equal(await refusal(begin(recorder, numbered(2))), 'STORE_UNAVAILABLE')
  await closed
  await recorder.close()
  t.equal(await refusal(finish(recorder, ticket, numbered(1))), 'STORE_UNAVAILABLE')
})

t.test('an intent that is open at the end becomes unknown at the next start, and only then', async (t) => {
  const path = t.testdir()
  const first = await openRecorder(t, path)
  await begin(first, numbered('open'))
  await exchange(first, numbered('done'))
  await first.close()
  const second = await openRecorder(t, path)
  t.match(second.store.recovery, { replayed: 0, unknown: 1 })
  await second.close()
  const third = await openRecorder(t, path)
  t.match(third.store.recovery, { replayed: 0, unknown: 0 })
  await third.close()
  const { outcomes } = await readStore(t, path)
  t.strictSame(Object.fromEntries(outcomes), { open: ['unknown'], done: ['success'] })
})

t.test('a data directory has one recorder at a time', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await t.rejects(openRecorder(t, path), { code: 'STORE_LOCKED' })
  await exchange(recorder, numbered(0))
  await recorder.close()
  await hasExactly(t, path, 1)
})

t.test('a waiter may begin the next exchange, in turns that outgrow every buffer', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path, { queueBytes: 2 ** 20 })
  let left = 3000
  await new Promise<void>((done) => {
    const next = (): void => {
      const id = --left
      if (id < 0) return
      const ticket = recorder.begin(
        numbered(id),
        { keyProven: true, destruction: 'none', destroyAt: 0, otherKey: '' },
        {
          onJournalled() {
            recorder.note(ticket, numbered(id, { key: 'k' }), NO_EFFECT)
            next()
            next()
            if (id === 0) done()
          },
        },
      )
    }
    next()
  })
  await recorder.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 3000)
})
