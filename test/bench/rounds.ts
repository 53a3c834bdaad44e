import type { Disturbance } from './disturbance.ts'
import type { Hop } from './hop/hop.ts'
import type { Load } from './load/load.ts'
import type { Plan } from './plan.ts'
import { cpuMicros, quiet } from './usage.ts'

/** What can be compared between hops. */
export type Figure = 'rate' | 'cpu' | 'p50' | 'p99'

/** One measurement of one hop. */
export interface Sample extends Readonly<Record<Figure, number>> {
  readonly hop: string
  readonly connections: number
  readonly round: number
  /** Exchanges a second. */
  readonly rate: number
  /** User and system CPU of the hop's process for one exchange, in µs; NaN where there is no process. */
  readonly cpu: number
  /** Latencies in µs. */
  readonly p50: number
  readonly p99: number
  /** Share of the machine that others used meanwhile. */
  readonly disturbance: number
}

/**
 * Measures all hops once a round, each time starting with another one, so that whatever else the machine does
 * meets them alike. Throws where a load met an error.
 */
export async function measureRounds(
  plan: Plan,
  hops: readonly Hop[],
  load: Load,
  disturbance: Disturbance,
): Promise<Sample[]> {
  for (const hop of hops) {
    const connections = Math.max(...plan.connections)
    await load.run({ url: hop.url, keys: hop.keys, connections, seconds: plan.warmUpSeconds })
    await settle(hop)
  }
  const samples: Sample[] = []
  for (let round = 0; round < plan.rounds; round++) {
    console.error(`round ${round + 1} of ${plan.rounds}`)
    for (const connections of plan.connections) {
      for (let turn = 0; turn < hops.length; turn++) {
        const hop = hops[(round + turn) % hops.length] as Hop
        disturbance.start()
        const measured = await measure(hop, load, connections, plan.seconds)
        samples.push({ ...measured, hop: hop.name, connections, round, disturbance: disturbance.share() })
      }
    }
  }
  return samples
}

async function measure(
  hop: Hop,
  load: Load,
  connections: number,
  seconds: number,
): Promise<Record<Figure, number>> {
  const before = hop.pid === 0 ? Number.NaN : cpuMicros(hop.pid)
  const result = await load.run({ url: hop.url, keys: hop.keys, connections, seconds })
  if (result.errors > 0 || result.requests === 0)
    throw new Error(`${hop.name}: ${result.errors} errors in ${result.requests} requests`)
  // What is done later, as the rings are written, is part of an exchange's cost.
  await settle(hop)
  const used = hop.pid === 0 ? Number.NaN : cpuMicros(hop.pid) - before
  return {
    rate: result.requests / result.seconds,
    cpu: used / result.requests,
    p50: result.p50,
    p99: result.p99,
  }
}

async function settle({ pid }: Hop): Promise<void> {
  if (pid !== 0) await quiet(pid)
}
