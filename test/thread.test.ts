import t from 'tap'
import { startThread, threadEnd } from '../src/thread.ts'

t.test('a thread beside its importer, in the form this process runs', async (t) => {
  const directory = t.testdir({
    'worker.js':
      "import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage(workerData)",
    'failing.js': "throw new Error('no')",
  })
  const importer = `file://${directory}/importer.js`
  const thread = startThread(importer, './worker', { odd: [1, 'é'] })
  const message = new Promise((done) => thread.once('message', done))
  t.strictSame(await message, { odd: [1, 'é'] })
  await threadEnd(thread)
  await threadEnd(thread)
  t.equal(thread.threadId, -1)

  const failing = startThread(importer, './failing', null)
  const error = new Promise((done) => failing.once('error', done))
  await threadEnd(failing)
  t.match(await error, { message: 'no' })
})
