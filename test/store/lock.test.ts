import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lockDirectory } from '../../src/store/lock.ts'

const HOLDER = new URL('../fixture/recorder/hold-directory.mjs', import.meta.url).pathname
const NOBODY = '65534'

/** Another process that takes the directory; resolves with its answer: `held`, or an error's code. */
async function holder(
  t: Test,
  path: string,
  ...user: string[]
): Promise<{ child: ChildProcess; answer: string }> {
  const child = spawn(process.execPath, [HOLDER, path, ...user], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [answer] = await once(child.stdout, 'data')
  return { child, answer: String(answer).trim() }
}

/** A directory whose sockets any program can reach. */
function shortPath(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'keytrail-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

t.test('the directory is made, for its owner alone, and free again when released', async (t) => {
  const path = join(t.testdir(), 'a', 'b')
  const lock = await lockDirectory(path)
  t.equal(statSync(path).mode & 0o777, 0o700)
  await lock.release()
  t.strictSame(readdirSync(path), [])
  await (await lockDirectory(path)).release()
})

t.test('a second one is refused, in this process and in another, until the first lets go', async (t) => {
  const path = t.testdir()
  const lock = await lockDirectory(path)
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  t.equal((await holder(t, path)).answer, 'STORE_LOCKED')
  await lock.release()
  const { child, answer } = await holder(t, path)
  t.equal(answer, 'held')
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' }, 'a refused one leaves it as it was')
  await kill(child)
  await (await lockDirectory(path)).release()
})

t.test('of many that find the socket of a killed one, one takes its place', async (t) => {
  const path = t.testdir()
  for (let round = 0; round < 5; round++) {
    const { child, answer } = await holder(t, path)
    t.equal(answer, 'held')
    await kill(child)
    t.ok(existsSync(join(path, 'keytrail.lock')))
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(path)))
    const locks = starts.filter((start) => start.status === 'fulfilled')
    t.equal(locks.length, 1)
    for (const start of starts)
      if (start.status === 'rejected') t.match(start.reason, { code: 'STORE_LOCKED' })
    await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
    for (const { value } of locks) await value.release()
    t.strictSame(readdirSync(path), [])
  }
})

t.test('a socket that a path is too long for is reached all the same', async (t) => {
  const path = join(t.testdir(), ...Array.from({ length: 5 }, () => 'long'.repeat(12)))
  const lock = await lockDirectory(path)
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
  t.equal((await holder(t, path)).answer, 'STORE_LOCKED')
  await lock.release()
  const { child } = await holder(t, path)
  await kill(child)
  await (await lockDirectory(path)).release()
})

t.test('what is no socket is taken away', async (t) => {
  const path = t.testdir({ 'keytrail.lock': 'left by a copy' })
  await (await lockDirectory(path)).release()
  t.strictSame(readdirSync(path), [])
})

t.test('where no directory can be made or written, it says so', async (t) => {
  const path = t.testdir({ file: '' })
  for (const refused of [join(path, 'file'), join(path, 'file', 'below'), '/proc/keytrail'])
    await t.rejects(lockDirectory(refused), { code: 'STORE_UNWRITABLE' }, refused)
  // Where any user can come, so that it is the directory itself that refuses.
  const closed = shortPath(t)
  chmodSync(closed, 0o555)
  if (process.getuid?.() === 0) {
    const { answer } = await holder(t, closed, NOBODY)
    t.equal(answer, 'STORE_UNWRITABLE')
  } else {
    await t.rejects(lockDirectory(closed), { code: 'STORE_UNWRITABLE' })
  }
})

t.test('somebody who connects and stays does not keep it from being released', async (t) => {
  const path = shortPath(t)
  const lock = await lockDirectory(path)
  const visitor = connect(join(path, 'keytrail.lock'))
  await once(visitor, 'connect')
  await lock.release()
  visitor.destroy()
})

t.test('another program’s socket in that place counts as a running keytrail', async (t) => {
  const path = shortPath(t)
  const server = createServer()
  server.listen(join(path, 'keytrail.lock'))
  await once(server, 'listening')
  t.teardown(() => server.close())
  await t.rejects(lockDirectory(path), { code: 'STORE_LOCKED' })
})
