import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { exchange, numbered, openRecorder, readStore } from './running-recorder.ts'

const RECORDING = new URL('../fixture/recorder/record-until-killed.mjs', import.meta.url).pathname

/** What the making of a store shows on its way, in this order. */
const INSTANTS: Readonly<Record<string, (path: string) => boolean>> = {
  'it is locked': (path) => existsSync(join(path, 'keytrail.lock')),
  'the store’s file is there': (path) => existsSync(join(path, 'store.mdb')),
  'the store has more than LMDB’s own pages': (path) => sizeOf(join(path, 'store.mdb')) > 2 * 4096,
  'the start is counted': (path) => existsSync(join(path, 'journal/epoch')),
  'the journal’s first segment is there': (path) => existsSync(join(path, 'journal/000.journal')),
  'its second one is there': (path) => existsSync(join(path, 'journal/001.journal')),
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

for (const [instant, reached] of Object.entries(INSTANTS)) {
  t.test(`killed while a store is made, as soon as ${instant}: the next start makes it`, async (t) => {
    const path = join(t.testdir({}), 'data')
    const child = spawn(process.execPath, [RECORDING, path, 'strict', 'first'], { stdio: 'ignore', env: {} })
    t.teardown(() => child.kill('SIGKILL'))
    const exit = once(child, 'exit')
    const deadline = performance.now() + 20_000
    while (!reached(path)) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error('it was never seen')
      await delay(1)
    }
    child.kill('SIGKILL')
    await exit
    const recorder = await openRecorder(t, path)
    await exchange(recorder, numbered('after'))
    await recorder.close()
    const { outcomes } = await readStore(t, path)
    t.strictSame(outcomes.get('after'), ['success'])
    t.strictSame(
      [...outcomes].filter(([, kept]) => kept.length !== 1),
      [],
    )
  })
}
