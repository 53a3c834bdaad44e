import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lockDirectory } from '../../src/store/lock.ts'

/** A process that takes the directory, says so, and stays. */
function hold(t: Test, path: string): ChildProcess {
  const program = new URL('./holding-process.ts', import.meta.url)
  const holder = fork(program, [path], { execArgv: process.execArgv })
  t.teardown(() => holder.kill('SIGKILL'))
  return holder
}

t.test('a directory is made, and held by one at a time', async (t) => {
  const path = join(t.testdir(), 'a', 'b')
  const lock = await lockDirectory(path)
  t.ok(existsSync(path))
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  await lock.release()
  await (await lockDirectory(path)).release()
})

t.test('the lock of a killed process is no lock', async (t) => {
  const path = t.testdir()
  const holder = hold(t, path)
  await once(holder, 'message')
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  t.ok(existsSync(join(path, 'keytrail.lock')), 'its socket is still there')
  await (await lockDirectory(path)).release()
})

t.test('of many that start at once one gets the directory, and the others are told', async (t) => {
  const path = t.testdir()
  const holder = hold(t, path)
  await once(holder, 'message')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(path)))
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') t.match(attempt.reason, { code: 'STORE_LOCKED' })
    else await attempt.value.release()
  }
  t.ok(attempts.some(({ status }) => status === 'fulfilled'))
})

t.test('a path too long for a socket is reached all the same', async (t) => {
  const path = join(t.testdir(), 'd'.repeat(100))
  const lock = await lockDirectory(path)
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  await lock.release()
})

t.test('where no directory can be, the operator is told', async (t) => {
  const path = t.testdir({ file: 'text' })
  await t.rejects(lockDirectory(join(path, 'file')), { code: 'STORE_UNWRITABLE' })
  await t.rejects(lockDirectory(join(path, 'file', 'deeper')), { code: 'STORE_UNWRITABLE' })
  mkdirSync(join(path, 'taken', 'keytrail.lock'), { recursive: true })
  writeFileSync(join(path, 'taken', 'keytrail.lock', 'x'), '')
  await t.rejects(lockDirectory(join(path, 'taken')), { code: 'STORE_UNWRITABLE' })
})
