import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ExecutedRequest, startDevKms } from '../../src/devkms/server.ts'
import { Firing, type Moment } from './firing.ts'
import { judge, type Verdict } from './judge.ts'
import type { LoadOrder } from './load-process.ts'
import { buildPowerCut, powerCutEnvironment } from './power-cut.ts'
import { readSeen } from './seen.ts'
import { prepareVictim, type Victim, type VictimRun } from './victim.ts'
import { readTestimony } from './witness.ts'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname
const LOAD = new URL('./load-process.ts', import.meta.url)

/** One campaign: so many rounds of one durability and one kind of end. */
export interface Plan {
  readonly durability: 'strict' | 'committed' | 'async'
  /** `kill`: SIGKILL, the machine goes on; `power`: what was not synced is gone. */
  readonly end: 'kill' | 'power'
  readonly rounds: number
  /** Most that are executed in a round before its end comes. */
  readonly requests: number
  /** How each round ends but the very first starts; at random without it. */
  readonly moment?: Moment
  /** In [0, 1). */
  readonly random: () => number
  /** Syncs do nothing, to see what the campaign is worth. */
  readonly lies?: boolean
  /** Told of every round. */
  readonly progress?: (line: string) => void
}

/** What came of it. */
export interface Outcome {
  readonly verdict: Verdict
  readonly moments: Readonly<Record<Moment, number>>
  /** Sectors and names that power cuts threw away. */
  readonly discarded: number
  /** For each answer without a record: how long before the end of its round it was given, in ms. */
  readonly lostAges: readonly number[]
}

/** Share of the rounds that end keytrail's first start, before there is any load. */
const FIRST_STARTS = 0.1

/** Runs it in `directory`, which must be empty. Fails where keytrail does not start again, or finds damage. */
export async function runCampaign(directory: string, plan: Plan): Promise<Outcome> {
  const executed = new Map<string, ExecutedRequest[]>()
  const kms = await startDevKms({
    clock: Date.now,
    executed(request) {
      const address = String(request.headers['x-forwarded-for'])
      executed.set(address, [...(executed.get(address) ?? []), request])
    },
  })
  const { victim, order, power } = await prepareStage(directory, plan, kms)
  const firing = new Firing({ victim, executed, requests: plan.requests, power }, plan.random)
  try {
    const told = await fireAt(firing, order, plan)
    await firing.run.running
    const seen = await readSeen(victim.urls.history)
    firing.run.kill('SIGTERM')
    await firing.run.ended
    const evidence = { ...readTestimony(order.file), executed, seen }
    const verdict = judge(evidence)
    const ages = verdict.unrecordedAnswers.map((address) => {
      const at = evidence.answers.get(address)?.at ?? 0
      return (told.ends.find((end) => end >= at) ?? Number.POSITIVE_INFINITY) - at
    })
    await verify(victim)
    return { verdict, moments: told.moments, discarded: told.discarded, lostAges: ages }
  } finally {
    firing.run.kill('SIGKILL')
    await kms.close()
  }
}

interface Stage {
  readonly victim: Victim
  readonly order: LoadOrder
  readonly power: { readonly below: string; readonly directory: string } | null
}

async function prepareStage(
  directory: string,
  { durability, end, lies = false }: Plan,
  { url, accounts }: { url: string; accounts: LoadOrder['accounts'] },
): Promise<Stage> {
  const requesters = Object.fromEntries(accounts.map(({ accessKey, accountId }) => [accessKey, accountId]))
  const power =
    end === 'power' ? { below: join(directory, 'data'), directory: join(directory, 'cut'), lies } : null
  let env = {}
  if (power !== null) {
    mkdirSync(power.directory)
    const library = buildPowerCut(directory)
    if (library === null) throw new Error('power cuts need gcc')
    env = powerCutEnvironment(library, power)
  }
  const victim = await prepareVictim({ directory, upstream: url, durability, requesters, env })
  return { victim, order: { urls: victim.urls, accounts, file: join(directory, 'load.log') }, power }
}

interface Fired {
  readonly moments: Record<Moment, number>
  readonly discarded: number
  /** Unix ms of each end. */
  readonly ends: readonly number[]
}

/** Lets the load run on while keytrail is ended and started again, round by round. */
async function fireAt(firing: Firing, order: LoadOrder, plan: Plan): Promise<Fired> {
  const { random, rounds, progress = () => undefined } = plan
  const moments = { 'under load': 0, starting: 0, closing: 0 }
  const ends: number[] = []
  const end = async (moment: Moment): Promise<void> => {
    moments[moment]++
    await firing.end(moment)
    ends.push(Date.now())
    firing.cut()
    progress(`round ${ends.length}: ${moment}`)
  }
  // The very first starts, on no store or half of one.
  while (ends.length < rounds * FIRST_STARTS) await end('starting')
  await firing.run.running
  const load = await startLoad(order, firing.run)
  try {
    progress('the load is ready')
    while (ends.length < rounds) {
      const chance = random()
      await end(plan.moment ?? (chance < 0.15 ? 'starting' : chance < 0.3 ? 'closing' : 'under load'))
    }
  } finally {
    await load.stop()
  }
  return { moments, ends, discarded: firing.discarded }
}

/** The process that sends, in the meantime and beyond. */
async function startLoad(order: LoadOrder, run: VictimRun): Promise<{ stop(): Promise<void> }> {
  const load = fork(LOAD, [JSON.stringify(order)], { execArgv: ['--import=tsx'], env: plainEnvironment() })
  const exit = once(load, 'exit')
  const stop = async (): Promise<void> => {
    if (load.connected) load.send('stop')
    await exit
  }
  try {
    const early = exit.then(([code]) => Promise.reject(new Error(`the load ended with ${code}`)))
    early.catch(() => undefined)
    await Promise.race([once(load, 'message'), early, run.unprovoked])
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

/** Without what a test runner puts in. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return rest
}

/** Every chain of the store; fails with what `keytrail verify` says of a damaged one. */
async function verify({ dataDir }: Victim): Promise<void> {
  await promisify(execFile)(process.execPath, [CLI, 'verify', '--store', dataDir])
}
