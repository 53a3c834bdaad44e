import t from 'tap'
import { type Plan, runCampaign } from '../crash/run-campaign.ts'
import { seeded } from '../crash/seeded.ts'
import { summaryLine, trouble } from '../crash/summary.ts'
import { hasCompiler } from '../helper/preload.ts'
import { unchecked } from '../helper/unchecked.ts'

/**
 * A short run of `npm run test:crash`, where the other modes and ends are: a power cut takes all that a kill does.
 * A round costs a second of CPU.
 */
const PLAN = {
  durability: 'strict',
  end: hasCompiler() ? 'power' : 'kill',
  rounds: 2,
  requests: 60,
  moment: 'under load',
} as const satisfies Partial<Plan>
if (!hasCompiler()) t.comment(unchecked('power cuts need gcc'))

t.test(
  `${PLAN.durability}, ${PLAN.end}: nothing that was promised is lost`,
  { timeout: 110_000 },
  async (t) => {
    const seed = Date.now() % 1_000_000
    const plan: Plan = { ...PLAN, random: seeded(seed) }
    const began = performance.now()
    const outcome = await runCampaign(t.testdir({}), plan)
    t.comment(`seed ${seed}; ${summaryLine(plan, outcome, performance.now() - began)}`)
    t.strictSame(trouble(plan, outcome), [])
    t.ok(outcome.verdict.answers > 10, 'there was something to lose')
  },
)
