import { join } from 'node:path'
import t from 'tap'
import type * as Source from '../../src/history/history.ts'
import type { HistoryThreadData } from '../../src/history/history-thread.ts'
import { LimitHits } from '../../src/limit-hits.ts'
import type { Recorder } from '../../src/recorder/recorder.ts'
import { endThread } from '../helper/running-threads.ts'
import { until } from '../helper/until.ts'
import { exchange, numbered, openRecorder, RETENTION } from '../recorder/running-recorder.ts'

type Answers = Source.Answers

/** As built: threads that compile TypeScript first would take seconds to start. */
const BUILT = new URL('../../dist/history/history.js', import.meta.url).href
const { History }: typeof Source = await import(BUILT)

function dataOf(path: string, recorder: Recorder, bind = { host: '127.0.0.1', port: 0 }): HistoryThreadData {
  return {
    path,
    mapSize: 2 ** 28,
    queue: recorder.shared,
    retention: RETENTION,
    auth: { kind: 'none' },
    bind,
    limits: {},
    tls: null,
    hits: new LimitHits().shared,
    logLevel: 'silent',
    version: '1.2.3',
    instance: '00',
    hostNames: {},
    reverseDns: 'off',
    consoleDir: null,
    clockOffsetMs: 0,
  }
}

/** One history for all that follows: a thread with all its modules takes a second to start. */
t.test('the history’s thread', async (t) => {
  const path = join(t.testdir({}), 'data')
  const recorder = await openRecorder(t, path)
  let answers: Answers = {
    metrics: async () => 'figure 1\n',
    readiness: async () => ({ ready: false, reasons: ['not yet'] }),
  }
  let ended = 0
  const history = await History.start(
    dataOf(path, recorder),
    { metrics: () => answers.metrics(), readiness: () => answers.readiness() },
    () => {
      ended++
    },
  )
  t.teardown(() => history.close())

  await t.test('what only the proxy’s thread knows is asked of it', async (t) => {
    t.equal(await (await fetch(`${history.url}/metrics`)).text(), 'figure 1\n')
    const ready = await fetch(`${history.url}/readyz`)
    t.equal(ready.status, 503)
    t.match(await ready.json(), { ready: false, reasons: ['not yet'] })
    t.equal((await fetch(`${history.url}/healthz`)).status, 200)
  })

  await t.test('answers that fail do not leave the question open', async (t) => {
    const fail = async (): Promise<never> => {
      throw new Error('no')
    }
    answers = { metrics: fail, readiness: fail }
    t.equal(await (await fetch(`${history.url}/metrics`)).text(), '')
    t.match(await (await fetch(`${history.url}/readyz`)).json(), { ready: false })
  })

  await t.test('a record is seen from the moment it is journalled', async (t) => {
    for (let i = 0; i < 20; i++) {
      await exchange(recorder, numbered(i, { key: 'k' }))
      const response = await fetch(`${history.url}/v1/keys/k/history?limit=1`)
      t.match(await response.json(), { records: [{ requestId: String(i) }], total: i + 1 })
    }
  })

  await t.test('one that dies is started anew, on the same port', async (t) => {
    for (let round = 1; round <= 2; round++) {
      await endThread('history-thread')
      await until(() =>
        fetch(`${history.url}/v1/keys/k/history?limit=1`).then(
          ({ status }) => (status === 200 ? true : null),
          () => null,
        ),
      )
      t.equal(ended, round)
    }
    ended = 0
  })

  await t.test('what keeps another one from starting is told with its code', async (t) => {
    const bind = { host: '127.0.0.1', port: Number(new URL(history.url).port) }
    const never = (): void => void t.fail('it never began')
    const another = History.start(dataOf(path, recorder, bind), answers, never)
    await t.rejects(another, { code: 'ADDRESS_IN_USE' })
    const lost = History.start(dataOf(join(t.testdirName, 'elsewhere'), recorder), answers, never)
    await t.rejects(lost, { code: 'STORE_MISSING' })
    t.equal((await fetch(`${history.url}/v1/keys/k/history`)).status, 200, 'the first one goes on')
  })

  await t.test('closing ends it quietly, and may be asked for twice', async (t) => {
    await history.close()
    await t.rejects(fetch(`${history.url}/healthz`))
    await history.close()
    t.equal(ended, 0)
  })
})
