import t from 'tap'
import { type Plan, runCampaign } from '../crash/run-campaign.ts'
import { seeded } from '../crash/seeded.ts'
import { summaryLine, trouble } from '../crash/summary.ts'
import { hasCompiler } from '../helper/preload.ts'
import { unchecked } from '../helper/unchecked.ts'

/** A short run of `npm run test:crash`. */
const CASES: readonly Pick<Plan, 'durability' | 'end' | 'rounds'>[] = [
  { durability: 'strict', end: hasCompiler() ? 'power' : 'kill', rounds: 4 },
  { durability: 'committed', end: 'kill', rounds: 2 },
]
if (!hasCompiler()) t.comment(unchecked('power cuts need gcc'))

for (const { durability, end, rounds } of CASES) {
  t.test(`${durability}, ${end}: nothing that was promised is lost`, { timeout: 110_000 }, async (t) => {
    const seed = Date.now() % 1_000_000
    const plan: Plan = { durability, end, rounds, requests: 120, random: seeded(seed) }
    const began = performance.now()
    const outcome = await runCampaign(t.testdir({}), plan)
    t.comment(`seed ${seed}; ${summaryLine(plan, outcome, performance.now() - began)}`)
    t.strictSame(trouble(plan, outcome), [])
    t.ok(outcome.verdict.answers > 50, 'there was something to lose')
  })
}
