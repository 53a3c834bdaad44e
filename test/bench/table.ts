import { figureOf, ratioOf } from './comparison.ts'
import type { Figure, Sample } from './rounds.ts'

const COLUMNS: readonly {
  readonly title: string
  readonly figure: Figure
  readonly show: (n: number) => string
}[] = [
  { title: 'exchanges/s', figure: 'rate', show: (n) => n.toFixed(0) },
  { title: 'CPU µs/exchange', figure: 'cpu', show: (n) => n.toFixed(1) },
  { title: 'p50 ms', figure: 'p50', show: (n) => (n / 1000).toFixed(2) },
  { title: 'p99 ms', figure: 'p99', show: (n) => (n / 1000).toFixed(2) },
]

/** The hops' figures at one number of connections: median, spread, and the ratio to the baseline in brackets. */
export function hopTable(
  samples: readonly Sample[],
  connections: number,
  hops: readonly { readonly name: string; readonly memory: number }[],
): string {
  const rows = hops.map(({ name, memory }) => [
    name,
    ...COLUMNS.map(({ figure, show }) => cellOf(samples, name, connections, figure, show)),
    memory === 0 ? '–' : (memory / 2 ** 20).toFixed(0),
  ])
  return markdown(['hop', ...COLUMNS.map(({ title }) => title), 'peak RSS MiB'], rows)
}

function cellOf(
  samples: readonly Sample[],
  hop: string,
  connections: number,
  figure: Figure,
  show: (n: number) => string,
): string {
  const summary = figureOf(samples, hop, connections, figure)
  if (summary === null) return '–'
  const ratio = ratioOf(samples, hop, connections, figure)
  const compared = ratio === null ? '' : ` (${ratio.median.toFixed(2)})`
  return `${show(summary.median)} ± ${(summary.spread * 100).toFixed(0)} %${compared}`
}

/** A Markdown table that reads well as it is. */
export function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, i) =>
    Math.max(title.length, 3, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [
    line(titles),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}
