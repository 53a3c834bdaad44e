import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { Control, createSharedQueue, Queue, type SharedQueue } from '../../src/recorder/queue.ts'
import { createSettle } from '../../src/recorder/settle.ts'

/** A thread that raises APPLIED by `step` each time somebody asks for what is pending, as the applying one does. */
const APPLYING = `
  const { workerData: { control, applied, flush, step } } = require('node:worker_threads')
  const words = new Int32Array(control)
  for (let known = 0, asked = 0; ; known = asked) {
    Atomics.wait(words, flush, known)
    asked = Atomics.load(words, flush)
    Atomics.add(words, applied, step)
    Atomics.notify(words, applied)
  }`

async function applying(t: Test, { control }: SharedQueue, step: number): Promise<void> {
  const { applied, flush } = Control
  const worker = new Worker(APPLYING, {
    eval: true,
    execArgv: [],
    workerData: { control, applied, flush, step },
  })
  t.teardown(() => worker.terminate())
  await once(worker, 'online')
}

function setUp(committed: number, applied: number) {
  const shared = createSharedQueue(65_536)
  const queue = new Queue(shared)
  queue.publish(Control.committed, committed)
  queue.publish(Control.applied, applied)
  return { shared, queue, settle: createSettle(shared) }
}

t.test('where nothing is pending it returns at once and disturbs nobody', async (t) => {
  for (const position of [0, 2 ** 31, 2 ** 32 + 5]) {
    const { queue, settle } = setUp(position, position)
    settle()
    t.equal(Atomics.load(queue.control, Control.flush), 0)
  }
})

t.test('it waits until the rings have what was durable at its call, in one batch or several', async (t) => {
  for (const applied of [0, 2 ** 31 - 50, 2 ** 32 - 50]) {
    const { shared, queue, settle } = setUp(applied + 100, applied)
    await applying(t, shared, 40)
    settle()
    t.ok(queue.position(Control.applied, applied) >= applied + 100)
  }
})

t.test('it never waits longer than its bound, and not again for rings that are stuck', async (t) => {
  const { settle, queue, shared } = setUp(100, 0)
  const start = performance.now()
  settle()
  const took = performance.now() - start
  t.ok(took >= 1990 && took < 10_000, `${took} ms`)
  settle()
  t.ok(performance.now() - start < took + 1000, 'the second time it does not wait')
  queue.publish(Control.applied, 1)
  await applying(t, shared, 40)
  settle()
  t.ok(queue.position(Control.applied, 0) >= 100, 'once they move, it waits again')
})
