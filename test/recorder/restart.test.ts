import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { endThread, runningThread } from '../helper/running-threads.ts'
import { until } from '../helper/until.ts'
import {
  begin,
  exchange,
  exchanges,
  finish,
  numbered,
  openRecorder,
  readStore,
  refusal,
} from './running-recorder.ts'

/** What the recorder reports: part and reason, and null for «it works again». */
function health() {
  const seen: (string | null)[] = []
  return {
    seen,
    onHealth: (part: string, failure: { reason: string } | null) =>
      seen.push(failure === null ? null : `${part} ${failure.reason}`),
  }
}

/** Exchanges in `lanes` lanes until told to stop; resolves with what was begun and what was finished. */
function keepBusy(recorder: Parameters<typeof begin>[0], lanes: number) {
  const begun = new Set<string>()
  const finished = new Set<string>()
  let going = true
  const lane = async (lane: number): Promise<void> => {
    for (let i = 0; going; i++) {
      const record = numbered(`${lane}-${i}`, { key: `k${lane % 3}` })
      try {
        const ticket = await begin(recorder, record)
        begun.add(record.requestId)
        await finish(recorder, ticket, record)
        finished.add(record.requestId)
      } catch {
        await delay(5)
      }
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)))
  return {
    begun,
    finished,
    async stop(): Promise<void> {
      going = false
      await all
    },
  }
}

t.test('a journal’s thread that ends is started anew, and goes on exactly', async (t) => {
  const path = t.testdir()
  const { seen, onHealth } = health()
  const recorder = await openRecorder(t, path, { onHealth, segmentBytes: 2 ** 17 })
  const slow = await begin(recorder, numbered('slow'))
  const open = await begin(recorder, numbered('open'))
  const load = keepBusy(recorder, 16)
  for (let round = 0; round < 3; round++) {
    const before = load.finished.size
    await until(() => (load.finished.size > before + 200 ? true : null))
    await endThread('journal-thread')
    await until(() => (recorder.problems.length > 0 ? true : null))
    t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
    await until(() => (recorder.problems.length === 0 ? true : null))
  }
  const before = load.finished.size
  await until(() => (load.finished.size > before + 200 ? true : null))
  await load.stop()
  await finish(recorder, slow, numbered('slow'))
  t.match(seen, ['journal thread-ended', null, 'journal thread-ended', null, 'journal thread-ended', null])
  await recorder.close()
  const reopened = await openRecorder(t, path)
  await reopened.close()
  t.ok(open > 0)
  const { outcomes } = await readStore(t, path)
  t.strictSame(outcomes.get('open'), ['unknown'], 'an intent that was open all the time')
  for (const id of [...load.finished, 'slow']) if (outcomes.get(id)?.join() !== 'success') t.fail(id)
  for (const id of load.begun) if (!outcomes.has(id)) t.fail(`${id}: begun, and nothing of it is there`)
  const twice = [...outcomes].filter(([, kept]) => kept.length !== 1)
  t.strictSame(twice, [], 'nothing twice')
  t.notOk(outcomes.has('refused'))
})

t.test('so is that of the rings; open intents stay open, and keep their segments', async (t) => {
  const path = t.testdir()
  const { seen, onHealth } = health()
  const recorder = await openRecorder(t, path, { onHealth, segmentBytes: 2 ** 16, maxSegments: 6 })
  const slow = await begin(recorder, numbered('slow'))
  await begin(recorder, numbered('open'))
  await exchanges(recorder, { count: 1000 })
  for (let round = 1; round <= 2; round++) {
    await until(() => (recorder.pendingBytes === 0 ? true : null))
    await endThread('apply-thread')
    await until(() => (recorder.problems.length > 0 ? true : null))
    t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
    await until(() => (recorder.problems.length === 0 ? true : null))
    await exchanges(recorder, { count: 1000, first: round * 1000 })
  }
  await finish(recorder, slow, numbered('slow'))
  await exchanges(recorder, { count: 3000, first: 3000 })
  t.match(seen, ['rings thread-ended', null, 'rings thread-ended', null])
  await recorder.close()
  const reopened = await openRecorder(t, path)
  t.match(reopened.store.recovery, { unknown: 1 })
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, 6002)
  t.strictSame(outcomes.get('open'), ['unknown'])
  t.strictSame(
    [...outcomes].filter(([id, kept]) => kept.join() !== (id === 'open' ? 'unknown' : 'success')),
    [],
  )
})

t.test('closed while a thread is down, it ends all the same, and nothing acknowledged is lost', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await exchange(recorder, numbered('before'))
  await until(() => (recorder.pendingBytes === 0 ? true : null))
  await endThread('apply-thread')
  await endThread('journal-thread')
  t.equal(runningThread('journal-thread').threadId, -1)
  t.equal(await refusal(begin(recorder, numbered('refused'))), 'STORE_UNAVAILABLE')
  await recorder.close()
  const reopened = await openRecorder(t, path)
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.strictSame([...outcomes.keys()], ['before'])
})
