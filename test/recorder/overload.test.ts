import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { KeytrailError } from '../../src/errors.ts'
import { Control, SlotState } from '../../src/recorder/queue.ts'
import type { Recorder } from '../../src/recorder/recorder.ts'
import { until } from '../helper/until.ts'
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
  sparesReady,
} from './running-recorder.ts'

const HOLDER = new URL('../fixture/recorder/hold-rings.mjs', import.meta.url).pathname

/** Keeps everything from the rings until the returned function is called. */
async function holdRings(t: Test, path: string): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(process.execPath, [HOLDER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  if (child.stdout !== null) await once(child.stdout, 'data')
  return async () => {
    child.kill('SIGKILL')
    await exit
  }
}

/** Begins until it is refused; returns the tickets and the refusal's code. */
async function beginAll(recorder: Recorder): Promise<{ tickets: number[]; code: string }> {
  const tickets: number[] = []
  for (;;) {
    try {
      tickets.push(await begin(recorder, numbered(tickets.length)))
    } catch (error) {
      return { tickets, code: (error as KeytrailError).code }
    }
  }
}

t.test('with the queue full none is begun any more, yet what was begun can be finished', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path)
  await exchange(recorder, numbered('first'))
  const release = await holdRings(t, path)
  const { tickets, code } = await beginAll(recorder)
  t.equal(code, 'QUEUE_FULL')
  t.strictSame(recorder.problems, [], 'that is no failure of the store')
  const reserve = Math.floor(tickets.length / 5)
  for (const ticket of tickets.slice(0, reserve)) await finish(recorder, ticket, numbered(ticket - 2))
  const refused = await Promise.all(
    tickets.slice(reserve).map((ticket) => refusal(finish(recorder, ticket, numbered(ticket - 2)))),
  )
  const lost = refused.filter((code) => code === 'QUEUE_FULL').length
  t.ok(lost > 0, 'until the reserve is used up')
  t.equal(lost, refused.filter((code) => code !== null).length)
  t.equal(recorder.counters.lost, 0)
  await release()
  await until(() => (recorder.pendingBytes === 0 ? true : null))
  await exchange(recorder, numbered('last'))
  await recorder.close()
  const reopened = await openRecorder(t, path)
  t.match(reopened.store.recovery, { replayed: 0, unknown: 0 }, 'abandoned ones were told at runtime')
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.equal(outcomes.size, tickets.length + 2)
  const kept = [...outcomes.values()].map((kept) => kept.join())
  t.equal(kept.filter((outcome) => outcome === 'unknown').length, lost)
  t.equal(kept.filter((outcome) => outcome === 'success').length, tickets.length + 2 - lost)
})

for (const durability of ['committed', 'async'] as const) {
  t.test(`${durability}: what found no room is counted, in the coverage of its key`, async (t) => {
    const path = t.testdir()
    const recorder = await openRecorder(t, path, { durability })
    await exchange(recorder, numbered('first', { key: 'k' }))
    await until(() => (recorder.pendingBytes === 0 ? true : null))
    const release = await holdRings(t, path)
    const codes: (string | null)[] = []
    for (let i = 0; i < 1000; i++) codes.push(await refusal(finish(recorder, 0, numbered(i, { key: 'k' }))))
    t.ok(recorder.counters.lost > 0)
    const expected = durability === 'async' ? 0 : recorder.counters.lost
    t.equal(codes.filter((code) => code === 'QUEUE_FULL').length, expected)
    t.equal(await refusal(begin(recorder, numbered('x'))), durability === 'async' ? null : 'QUEUE_FULL')
    await release()
    await recorder.close()
    const { outcomes, coverage } = await readStore(t, path)
    t.equal(coverage('k')?.lost, recorder.counters.lost)
    t.equal(outcomes.size, 1001 - recorder.counters.lost)
  })
}

/** Takes all slots away from the journal, which then waits for one; returns what gives them back. */
async function takeSlots(recorder: Recorder): Promise<() => void> {
  await sparesReady(recorder)
  const control = new Int32Array(recorder.shared.control)
  const states = control.subarray(Control.slotStates, Control.segmentSlots)
  const before = states.slice()
  for (const slot of states.keys()) Atomics.store(states, slot, SlotState.used)
  return () => {
    for (const [slot, state] of before.entries()) Atomics.store(states, slot, state)
    Atomics.add(control, Control.slotFreed, 1)
    Atomics.notify(control, Control.slotFreed)
  }
}

t.test('who waits past the deadline is refused, and so are others until the journal moves', async (t) => {
  const path = t.testdir()
  const health: (string | null)[] = []
  const recorder = await openRecorder(t, path, {
    deadlineMs: 200,
    onHealth: (part, failure) => health.push(failure === null ? null : `${part}: ${failure.code}`),
  })
  const giveBack = await takeSlots(recorder)
  const refused = await refusal(begin(recorder, numbered('late')))
  t.equal(refused, 'STORE_UNAVAILABLE')
  t.equal(recorder.problems.length, 1)
  t.equal(recorder.waiting, 0)
  t.equal(await refusal(begin(recorder, numbered('at once'))), 'STORE_UNAVAILABLE')
  giveBack()
  await until(() => (recorder.problems.length === 0 ? true : null))
  t.equal(health.at(0), 'journal: STORE_UNAVAILABLE')
  t.equal(health.at(-1), null)
  await exchange(recorder, numbered('after'))
  await recorder.close()
  const reopened = await openRecorder(t, path)
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.strictSame(Object.fromEntries(outcomes), { late: ['unknown'], after: ['success'] })
})

t.test(
  'one exchange that stays open does not stop the journal, however much is recorded meanwhile',
  async (t) => {
    const path = t.testdir()
    const recorder = await openRecorder(t, path, { segmentBytes: 2 ** 16, maxSegments: 4 })
    const slow = await begin(recorder, numbered(0))
    await exchanges(recorder, { count: 4000, first: 1 })
    await finish(recorder, slow, numbered(0))
    await recorder.close()
    await hasExactly(t, path, 4001)
  },
)

t.test('an exchange that was open over many segments is unknown after a start', async (t) => {
  const path = t.testdir()
  const recorder = await openRecorder(t, path, { segmentBytes: 2 ** 16, maxSegments: 4 })
  await begin(recorder, numbered('open'))
  await exchanges(recorder, { count: 4000 })
  await recorder.close()
  const reopened = await openRecorder(t, path)
  t.match(reopened.store.recovery, { unknown: 1 })
  await reopened.close()
  const { outcomes } = await readStore(t, path)
  t.strictSame(outcomes.get('open'), ['unknown'])
  t.equal(outcomes.size, 4001)
})
