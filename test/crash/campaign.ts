import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Outcome, type Plan, runCampaign } from './run-campaign.ts'
import { seeded } from './seeded.ts'
import { summaryLine, trouble } from './summary.ts'

const HELP = `usage: npm run test:crash -- [--rounds N] [--modes strict,committed,async] [--ends kill,power]
                              [--seed N] [--dir D] [--lies] [--keep] [--verbose]

  --rounds N   of each combination (20)
  --requests N at most in a round before its end comes (400)
  --modes M    durabilities to try (all)
  --ends E     kill: SIGKILL; power: what was not synced is thrown away, too (both)
  --seed N     of the instants (the load's own timing stays as it is)
  --lies       with power: the disk says it has synced, and has not; the campaign must fail
  --dir D      where the data goes; in memory (/dev/shm) the rounds are faster
  --keep       leaves the data of a failed campaign behind`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    requests: { type: 'string', default: '400' },
    modes: { type: 'string', default: 'strict,committed,async' },
    ends: { type: 'string', default: 'kill,power' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    lies: { type: 'boolean', default: false },
    dir: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function campaign(): Promise<number> {
  console.log(`seed ${values.seed}`)
  let failed = 0
  for (const end of values.ends.split(',') as Plan['end'][])
    for (const durability of values.modes.split(',') as Plan['durability'][])
      if (!(await one({ end, durability }))) failed++
  console.log(failed === 0 ? 'nothing was lost that was promised' : `${failed} campaigns failed`)
  return failed === 0 ? 0 : 1
}

async function one(combination: Pick<Plan, 'end' | 'durability'>): Promise<boolean> {
  const directory = mkdtempSync(join(values.dir, 'keytrail-crash-'))
  const began = performance.now()
  const plan: Plan = {
    ...combination,
    rounds: Number(values.rounds),
    requests: Number(values.requests),
    random: seeded(Number(values.seed)),
    lies: values.lies,
    progress: values.verbose
      ? (line) => console.log(`${((performance.now() - began) / 1000).toFixed(1)} s  ${line}`)
      : () => undefined,
  }
  let found: readonly string[] = []
  try {
    const outcome: Outcome = await runCampaign(directory, plan)
    console.log(summaryLine(plan, outcome, performance.now() - began))
    found = trouble(plan, outcome)
  } catch (error) {
    console.log(`${plan.durability} ${plan.end}: the campaign broke off`)
    found = [error instanceof Error ? error.message : String(error)]
  }
  for (const line of found.slice(0, 20)) console.log(`  ${line}`)
  if (found.length === 0 || !values.keep) rmSync(directory, { recursive: true, force: true })
  else console.log(`  data: ${directory}`)
  return found.length === 0
}

if (values.help) console.log(HELP)
else process.exitCode = await campaign()
