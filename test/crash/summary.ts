import type { Outcome, Plan } from './run-campaign.ts'

/** How long `committed` may leave an answered record unsynced (DESIGN 3), and what a busy machine adds. */
const COMMITTED_MS = 100
const SLACK_MS = 200

/** What a campaign did and found, on one line. */
export function summaryLine({ durability, end, rounds }: Plan, outcome: Outcome, elapsedMs: number): string {
  const { verdict, moments, discarded, lostAges } = outcome
  const oldest = Math.max(0, ...lostAges)
  return [
    `${durability} ${end}: ${rounds} rounds in ${Math.round(elapsedMs / 1000)} s`,
    `(${moments['under load']} under load, ${moments.starting} starting, ${moments.closing} closing)`,
    `requests ${verdict.requests}, answers ${verdict.answers}, executed ${verdict.executed},`,
    `records ${verdict.records} (${verdict.unknown} unknown), gone with their key ${verdict.destroyed},`,
    ...(end === 'power' ? [`sectors and names thrown away ${discarded},`] : []),
    `answers lost ${verdict.unrecordedAnswers.length}${oldest > 0 ? ` (given up to ${oldest} ms before)` : ''},`,
    ...(durability === 'async' ? [`${verdict.undeclaredAnswers.length} of them in no declared gap,`] : []),
    `executions lost ${verdict.unrecordedExecutions.length},`,
    `duplicates ${verdict.duplicates.length}, contradictions ${verdict.wrong.length}`,
  ].join(' ')
}

/** Whatever breaks what the mode promises; empty where all is well. */
export function trouble({ durability, end }: Plan, { verdict, lostAges }: Outcome): string[] {
  const { unrecordedAnswers, unrecordedExecutions, duplicates, wrong } = verdict
  const found = [...duplicates.map((one) => `twice: ${one}`), ...wrong]
  if (durability === 'strict') {
    found.push(...unrecordedExecutions.map((one) => `executed, not recorded: ${one}`))
    found.push(...unrecordedAnswers.map((one) => `answered, not recorded: ${one}`))
  } else if (durability === 'committed' && end === 'kill') {
    found.push(...unrecordedAnswers.map((one) => `answered, not recorded: ${one}`))
  } else if (durability === 'async') {
    found.push(
      ...verdict.undeclaredAnswers.map((one) => `answered, not recorded, in no declared gap: ${one}`),
    )
  } else {
    const late = lostAges.filter((age) => age > COMMITTED_MS + SLACK_MS)
    found.push(...late.map((age) => `answered ${age} ms before the end, not recorded`))
  }
  return found
}
