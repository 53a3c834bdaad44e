import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkExchange } from './check-exchange.ts'
import { checkHistory } from './check-history.ts'
import { Disturbance } from './disturbance.ts'
import { keysOf } from './exchange.ts'
import { goalTable } from './goals.ts'
import { BASELINE, HOP_NAMES, type Hop, startHop } from './hop/hop.ts'
import { startLoad } from './load/load.ts'
import { describeMachine } from './machine.ts'
import { mostConnections, type Plan, planOf } from './plan.ts'
import { measureRounds, type Sample } from './rounds.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { summarize } from './statistics.ts'
import { hopTable } from './table.ts'
import { peakMemory } from './usage.ts'

const HELP = `usage: npm run bench -- [--quick | --full] [--rounds N] [--hops NAME,…] [--against DIR]

  --quick         half a minute: shorter and fewer rounds
  --full          with 1 and 128 connections beside 32
  --rounds N      more (or fewer) rounds
  --hops NAMES    only these, of ${HOP_NAMES.join(', ')}
  --against DIR   also strict and async of the keytrail that is built in DIR, in the same rounds`

const root = fileURLToPath(new URL('../../../', import.meta.url))

function readArguments(): { plan: Plan; names: readonly string[] } | null {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      hops: { type: 'string', default: HOP_NAMES.join(',') },
      against: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const others = values.against === undefined ? [] : [`async@${values.against}`, `strict@${values.against}`]
  const plan = planOf(values.quick ? 'quick' : values.full ? 'full' : 'normal')
  const rounds = Number(values.rounds ?? plan.rounds)
  if (!(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds: expected a number, found ${values.rounds}`)
  return {
    plan: { ...plan, rounds },
    names: [...new Set([...values.hops.split(','), ...others])],
  }
}

async function bench(plan: Plan, names: readonly string[]): Promise<void> {
  const workDirectory = mkdtempSync(join(root, 'test', '.artifacts', 'bench-data-'))
  const stops: (() => Promise<void>)[] = []
  try {
    const load = await startLoad(workDirectory)
    stops.push(() => load.stop())
    const machine = describeMachine(root, workDirectory, load.name)
    const upstream = await startServer('./upstream.js', [])
    stops.push(() => upstream.stop())
    const hops = await startHops(names, { plan, upstream, workDirectory, stops })
    const pids = [upstream.pid, load.pid, ...hops.map(({ pid }) => pid)].filter((pid) => pid !== 0)
    const samples = await measureRounds(plan, hops, load, new Disturbance(pids))
    const memory = hops.map(({ name, pid }) => ({ name, memory: pid === 0 ? 0 : peakMemory(pid) }))
    await checkHistories(hops, upstream)
    report(plan, machine, samples, memory)
  } finally {
    for (const stop of stops.reverse()) await stop()
    rmSync(workDirectory, { recursive: true, force: true })
  }
}

interface Stage {
  readonly plan: Plan
  readonly upstream: ServerProcess
  readonly workDirectory: string
  /** Gets what stops each hop. */
  readonly stops: (() => Promise<void>)[]
}

async function startHops(
  names: readonly string[],
  { plan, upstream, workDirectory, stops }: Stage,
): Promise<Hop[]> {
  const hops: Hop[] = []
  for (const [index, name] of names.entries()) {
    const connections = mostConnections(plan)
    const common = { upstreamUrl: upstream.url, connections, package: root, workDirectory }
    const hop = await startHop({ name, keys: keysOf(index), ...common })
    stops.push(() => hop.stop())
    await checkExchange(hop, upstream.url)
    hops.push(hop)
  }
  return hops
}

function report(
  { rounds, seconds, connections }: Plan,
  machine: string,
  samples: readonly Sample[],
  memory: readonly { readonly name: string; readonly memory: number }[],
): void {
  const others = summarize(samples.map(({ disturbance }) => disturbance))
  console.log(`\n${machine}`)
  console.log(`Others used ${(others.median * 100).toFixed(0)} % of the machine meanwhile (median).`)
  console.log(
    `Medians of ${rounds} interleaved rounds of ${seconds} s, ± half the range; in brackets the median`,
  )
  console.log(`ratio to the ${BASELINE} hop of the same round.`)
  for (const count of connections)
    console.log(`\n${count} connections:\n\n${hopTable(samples, count, memory)}`)
  console.log(`\n${goalTable(samples)}`)
}

async function checkHistories(hops: readonly Hop[], upstream: ServerProcess): Promise<void> {
  const counts = new Map((await upstream.ask('counts')) as [string, number][])
  for (const hop of hops) {
    if (hop.history === '') continue
    const { counted, recorded, lost } = await checkHistory(hop, counts)
    console.log(
      `${hop.name}: ${counted} requests came to the upstream, ${recorded} are in the history, ${lost} lost`,
    )
  }
}

const chosen = readArguments()
if (chosen === null) console.log(HELP)
else if (!existsSync('/proc/self/stat'))
  throw new Error('the benchmark reads CPU times from /proc: it needs Linux')
else await bench(chosen.plan, chosen.names)
