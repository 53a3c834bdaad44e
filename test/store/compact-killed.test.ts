import fs, { existsSync, readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compactStore } from '../../src/store/compact.ts'
import { STORE_FILE } from '../../src/store/environment.ts'
import {
  exchanges,
  finish,
  hasExactly,
  numbered,
  openRecorder,
  PROVEN,
} from '../recorder/running-recorder.ts'

const MAP_SIZE = 2 ** 28
const RECORDS = 200

/** The calls by which compacting changes the file system; what it copies is written beside the store. */
const STEPS = ['mkdirSync', 'rmSync', 'renameSync', 'fsyncSync'] as const

/**
 * Runs `work` as if its process were killed after `steps` of {@link STEPS}: nothing it does from then on, cleaning
 * up included, changes anything. Resolves with whether it came that far.
 */
async function killedAfter(steps: number, work: () => Promise<unknown>): Promise<boolean> {
  const own = STEPS.map((name) => [name, fs[name]] as const)
  const killed = new Error('killed')
  let left = steps
  for (const [name, call] of own) {
    const step = (...args: unknown[]): unknown => {
      if (left-- <= 0) throw killed
      return Reflect.apply(call, fs, args)
    }
    Object.assign(fs, { [name]: step })
  }
  syncBuiltinESMExports()
  try {
    await work()
    return false
  } catch (error) {
    if (error !== killed) throw error
    return true
  } finally {
    for (const [name, call] of own) Object.assign(fs, { [name]: call })
    syncBuiltinESMExports()
  }
}

/** A store with a destroyed key, closed. */
async function writeStore(t: Test, path: string): Promise<void> {
  const recorder = await openRecorder(t, path)
  await exchanges(recorder, { count: RECORDS })
  await finish(recorder, 0, numbered('CANARY', { key: 'gone' }))
  await finish(recorder, 0, numbered('CANARY', { key: 'gone' }), { ...PROVEN, destruction: 'now' })
  await recorder.close()
}

t.test('compacting killed between any two of its steps: the store has everything, and starts', async (t) => {
  const path = t.testdir()
  await writeStore(t, path)
  let count = RECORDS
  let steps = 0
  for (; await killedAfter(steps, () => compactStore(path, MAP_SIZE)); steps++) {
    await hasExactly(t, path, count)
    const recorder = await openRecorder(t, path)
    await exchanges(recorder, { count: 1, first: count++ })
    await recorder.close()
  }
  t.ok(steps >= 6, `${steps} steps`)
  await hasExactly(t, path, count)
  t.notOk(readFileSync(join(path, STORE_FILE)).includes('CANARY'))
  t.notOk(existsSync(join(path, 'compact')))
})
