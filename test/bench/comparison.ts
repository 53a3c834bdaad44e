import { BASELINE } from './hop/hop.ts'
import type { Figure, Sample } from './rounds.ts'
import { type Summary, summarize } from './statistics.ts'

/** A hop's figures at one number of connections; null where none could be taken. */
export function figureOf(
  samples: readonly Sample[],
  hop: string,
  connections: number,
  figure: Figure,
): Summary | null {
  const figures = samplesOf(samples, hop, connections).map((sample) => sample[figure])
  return figures.length === 0 || figures.some(Number.isNaN) ? null : summarize(figures)
}

/**
 * The same as a multiple of the baseline's. Each figure is divided by that of the same round, minutes of a busy
 * machine do not lie between them, and the median of these ratios is taken.
 */
export function ratioOf(
  samples: readonly Sample[],
  hop: string,
  connections: number,
  figure: Figure,
): Summary | null {
  const baseline = samplesOf(samples, BASELINE, connections)
  const ratios = samplesOf(samples, hop, connections).map((sample) => {
    const other = baseline.find(({ round }) => round === sample.round)
    return other === undefined ? Number.NaN : sample[figure] / other[figure]
  })
  return ratios.length === 0 || ratios.some(Number.isNaN) ? null : summarize(ratios)
}

function samplesOf(samples: readonly Sample[], hop: string, connections: number): Sample[] {
  return samples.filter((sample) => sample.hop === hop && sample.connections === connections)
}
