import { ratioOf } from './comparison.ts'
import { GOAL_CONNECTIONS } from './plan.ts'
import type { Figure, Sample } from './rounds.ts'
import { markdown } from './table.ts'

interface Goal {
  readonly what: string
  readonly hop: string
  readonly figure: Figure
  /** The ratio to the bare http-proxy hop has to be at most, or at least, this. */
  readonly most?: number
  readonly least?: number
}

/** Those of DESIGN 11 that are set against the bare http-proxy hop. */
const GOALS: readonly Goal[] = [
  { what: 'CPU per exchange, `async`', hop: 'async', figure: 'cpu', most: 0.72 },
  { what: 'CPU per exchange, `strict`', hop: 'strict', figure: 'cpu', most: 0.9 },
  { what: 'exchanges/s, `strict`', hop: 'strict', figure: 'rate', least: 1.1 },
  { what: 'p50, `strict`', hop: 'strict', figure: 'p50', most: 0.9 },
  { what: 'p99, `strict`', hop: 'strict', figure: 'p99', most: 1.2 },
]

/** The goals that were measured, as a Markdown table; '' where none was. */
export function goalTable(samples: readonly Sample[]): string {
  const rows = GOALS.map((goal) => rowOf(goal, samples)).filter((row) => row !== null)
  if (rows.length === 0) return ''
  return markdown(['against a bare http-proxy hop', 'goal', 'measured', ''], rows)
}

function rowOf({ what, hop, figure, most, least }: Goal, samples: readonly Sample[]): string[] | null {
  const ratio = ratioOf(samples, hop, GOAL_CONNECTIONS, figure)
  if (ratio === null) return null
  const reached = ratio.median <= (most ?? Number.POSITIVE_INFINITY) && ratio.median >= (least ?? 0)
  const goal = most === undefined ? `≥ ${least?.toFixed(2)}` : `≤ ${most.toFixed(2)}`
  const measured = `${ratio.median.toFixed(2)} ± ${(ratio.spread * ratio.median).toFixed(2)}`
  return [what, goal, measured, reached ? 'reached' : 'missed']
}
