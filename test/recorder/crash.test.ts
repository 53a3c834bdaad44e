import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../helper/until.ts'
import { openRecorder, readStore } from './running-recorder.ts'

const RECORDING = new URL('../fixture/recorder/record-until-killed.mjs', import.meta.url).pathname

/** What killed processes told, by kind: see the fixture. */
type Told = Record<'i' | 'o' | 'd', Set<string>>

/** Lets one record for a random while, sometimes too short for its start, and kills it. */
async function recordAndKill(t: Test, told: Told, file: string, args: readonly string[]): Promise<void> {
  const output = openSync(file, 'w')
  const child = spawn(process.execPath, [RECORDING, ...args], {
    stdio: ['ignore', output, 'inherit'],
    env: {},
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  if (Math.random() < 0.8) await until(() => (readFileSync(file, 'utf8').includes('\nd ') ? true : null))
  await delay(Math.random() * 150)
  child.kill('SIGKILL')
  await exit
  closeSync(output)
  // A line that was cut was not told.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  for (const line of lines) told[line[0] as 'i' | 'o' | 'd'].add(line.slice(2))
}

for (const [durability, rounds] of [
  ['strict', 6],
  ['committed', 3],
] as const) {
  t.test(
    `${durability}: killed at any instant, nothing acknowledged is lost and nothing is doubled`,
    async (t) => {
      const path = t.testdir({ told: '', data: {} })
      const data = join(path, 'data')
      const told: Told = { i: new Set(), o: new Set(), d: new Set() }
      for (let round = 0; round < rounds; round++)
        await recordAndKill(t, told, join(path, 'told'), [data, durability, `${round}`])
      const recorder = await openRecorder(t, data)
      await recorder.close()
      const { outcomes } = await readStore(t, data)
      t.comment(`${told.i.size} intents and ${told.d.size} records acknowledged, ${outcomes.size} kept`)
      t.ok(told.d.size > 100)
      t.strictSame(
        [...outcomes].filter(([, kept]) => kept.length !== 1),
        [],
        'nothing twice',
      )
      const missing = [...told.d].filter((id) => outcomes.get(id)?.[0] !== 'success')
      t.strictSame(missing, [], 'every acknowledged record')
      t.strictSame(
        [...told.o].filter((id) => outcomes.get(id)?.[0] !== 'unknown'),
        [],
        'every open intent',
      )
      if (durability === 'strict') {
        t.ok(told.o.size > 0)
        t.strictSame(
          [...told.i].filter((id) => !outcomes.has(id)),
          [],
          'every acknowledged intent',
        )
      }
    },
  )
}
