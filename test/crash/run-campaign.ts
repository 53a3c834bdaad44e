import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ExecutedRequest, startDevKms } from '../../src/devkms/server.ts'
import { judge, type Verdict } from './judge.ts'
import type { LoadOrder } from './load-process.ts'
import { buildPowerCut, cutPower, powerCutEnvironment } from './power-cut.ts'
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
  /** In [0, 1). */
  readonly random: () => number
  /** Syncs do nothing, to see what the campaign is worth. */
  readonly lies?: boolean
  /** Told of every round. */
  readonly progress?: (line: string) => void
}

/** How keytrail came to its end in a round. */
type Moment = 'under load' | 'starting' | 'closing'

/** What came of it. */
export interface Outcome {
  readonly verdict: Verdict
  readonly moments: Readonly<Record<Moment, number>>
  /** Sectors and names that power cuts threw away. */
  readonly discarded: number
  /** For each answer without a record: how long before the end of its round it was given, in ms. */
  readonly lostAges: readonly number[]
  /** What `keytrail verify` said. */
  readonly verified: string
}

const START_MS = 700
const CLOSE_MS = 150
/** Requests executed in a round before its end comes; fewer where that takes too long. */
const REQUESTS = 400
const LOAD_MS = 4000

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
  const stage = await prepareStage(directory, plan, kms)
  try {
    const told = await fireAt({ ...stage, executed }, plan)
    const last = stage.victim.start()
    await last.running
    const seen = await readSeen(stage.victim.urls.history)
    last.kill('SIGTERM')
    await last.ended
    const evidence = { ...readTestimony(stage.order.file), executed, seen }
    const verdict = judge(evidence)
    const ages = verdict.unrecordedAnswers.map((address) => {
      const at = evidence.answers.get(address)?.at ?? 0
      return (told.ends.find((end) => end >= at) ?? Number.POSITIVE_INFINITY) - at
    })
    const verified = await verify(stage.victim)
    return { verdict, moments: told.moments, discarded: told.discarded, lostAges: ages, verified }
  } finally {
    await kms.close()
  }
}

interface Stage {
  /** What the upstream executes. */
  readonly executed: ReadonlyMap<string, unknown>
  readonly victim: Victim
  readonly order: LoadOrder
  readonly power: { readonly below: string; readonly directory: string } | null
}

async function prepareStage(
  directory: string,
  { durability, end, lies = false }: Plan,
  { url, accounts }: { url: string; accounts: LoadOrder['accounts'] },
): Promise<Omit<Stage, 'executed'>> {
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
async function fireAt({ victim, order, executed, power }: Stage, plan: Plan): Promise<Fired> {
  const { random, rounds, progress = () => undefined } = plan
  const moments = { 'under load': 0, starting: 0, closing: 0 }
  const ends: number[] = []
  let discarded = 0
  const first = victim.start()
  await first.running
  const load = fork(LOAD, [JSON.stringify(order)], { execArgv: ['--import=tsx'], env: plainEnvironment() })
  const loadEnded = once(load, 'exit')
  try {
    const ended = loadEnded.then(([code]) => Promise.reject(new Error(`the load ended with ${code}`)))
    ended.catch(() => undefined)
    await Promise.race([once(load, 'message'), ended, first.unprovoked])
    let run = first
    progress('the load is ready')
    for (let round = 1; round <= rounds; round++) {
      const chance = round === 1 ? 0.5 : random()
      const moment: Moment = chance < 0.15 ? 'starting' : chance < 0.3 ? 'closing' : 'under load'
      moments[moment]++
      await Promise.race([endOne(run, moment, executed, random), run.unprovoked])
      ends.push(Date.now())
      if (power !== null) {
        const { sectors, names } = cutPower(power, random() < 0.4 ? 1 : random(), random)
        discarded += sectors + names
      }
      progress(`round ${round}: ${moment}`)
      if (round < rounds) run = victim.start()
    }
  } finally {
    if (load.connected) load.send('stop')
    await loadEnded
    progress('the load has ended')
  }
  return { moments, ends, discarded }
}

/** Ends it at a random instant of that kind. */
async function endOne(
  run: VictimRun,
  moment: Moment,
  executed: ReadonlyMap<string, unknown>,
  random: () => number,
): Promise<void> {
  if (moment === 'starting') await Promise.race([delay(random() * START_MS), run.running])
  else {
    await run.running
    const enough = executed.size + random() * REQUESTS
    const deadline = performance.now() + LOAD_MS
    while (executed.size < enough && performance.now() < deadline) await delay(1)
  }
  if (moment === 'closing') {
    run.kill('SIGTERM')
    await delay(random() * CLOSE_MS)
  }
  run.kill('SIGKILL')
  await run.ended
}

/** Without what a test runner puts in. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return rest
}

async function verify({ dataDir }: Victim): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'verify', '--store', dataDir])
  return stdout.trim()
}
