import { Counter, Gauge, Registry } from 'prom-client'
import type { AuditRecord, Channel, OperationClass, Outcome } from './record.ts'

const CHANNELS: readonly Channel[] = ['api', 'console', 'system']
const CLASSES: readonly OperationClass[] = ['use', 'manage', 'read', 'token']
const OUTCOMES: readonly Outcome[] = ['success', 'failure', 'unknown']

/** Upper bounds of the duration buckets, in ms. */
const BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]

/** Plain counters that every exchange pays for; the registry reads them when it is scraped. */
export class ProxyCounters {
  readonly exchanges = new Float64Array(CHANNELS.length * CLASSES.length * OUTCOMES.length)
  /** Requests refused, and answers withheld, for want of a durable entry, by reason. */
  readonly refusals = new Map<string, number>()
  /** Answers released although their record is not durable, by class of operation. */
  readonly unrecorded = new Map<string, number>(CLASSES.map((name) => [name, 0]))
  readonly buckets = new Float64Array(BUCKETS_MS.length + 1)
  durationSumMs = 0
  count = 0

  observe({ channel, class: operationClass, outcome, durationMs }: AuditRecord): void {
    const row = CHANNELS.indexOf(channel) * CLASSES.length + CLASSES.indexOf(operationClass)
    const place = row * OUTCOMES.length + OUTCOMES.indexOf(outcome)
    this.exchanges[place] = (this.exchanges[place] as number) + 1
    let bucket = 0
    while (bucket < BUCKETS_MS.length && durationMs > (BUCKETS_MS[bucket] as number)) bucket++
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1
    this.durationSumMs += durationMs
    this.count++
  }

  pass(operationClass: OperationClass): void {
    this.unrecorded.set(operationClass, (this.unrecorded.get(operationClass) ?? 0) + 1)
  }

  refuse(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
  }
}

/** What is read when the metrics are scraped. */
export type Reading = {
  readonly name: string
  readonly help: string
} & (
  | { readonly kind: 'counter' | 'gauge'; read(): number }
  /** One counter for each value of a label. */
  | { readonly kind: 'counters'; readonly label: string; read(): Iterable<readonly [string, number]> }
)

/** The metrics in Prometheus' text format. */
export interface Metrics {
  text(): Promise<string>
}

export function createMetrics(
  counters: ProxyCounters,
  version: string,
  readings: readonly Reading[],
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'keytrail_build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  registerExchanges(counters, registers)
  for (const reading of readings) register(reading, registers)
  return { text: async () => `${await registry.metrics()}\n${durationsText(counters)}` }
}

function register(reading: Reading, registers: Registry[]): void {
  const { name, help } = reading
  switch (reading.kind) {
    case 'gauge':
      new Gauge({ name, help, registers, collect: setTo(reading.read) })
      break
    case 'counter':
      new Counter({ name, help, registers, collect: resetTo(reading.read) })
      break
    case 'counters': {
      const { label, read } = reading
      new Counter({ name, help, labelNames: [label], registers, collect: resetToEach(label, read) })
      break
    }
    default:
      reading satisfies never
  }
}

function setTo(read: () => number) {
  return function collect(this: Gauge): void {
    this.set(read())
  }
}

function resetTo(read: () => number) {
  return function collect(this: Counter): void {
    this.reset()
    this.inc(read())
  }
}

function resetToEach(label: string, read: () => Iterable<readonly [string, number]>) {
  return function collect(this: Counter): void {
    this.reset()
    for (const [value, count] of read()) this.inc({ [label]: value }, count)
  }
}

function registerExchanges(counters: ProxyCounters, registers: Registry[]): void {
  new Counter({
    name: 'keytrail_exchanges_total',
    help: 'Exchanges recorded, refusals included.',
    labelNames: ['channel', 'class', 'outcome'],
    registers,
    collect() {
      this.reset()
      counters.exchanges.forEach((count, place) => {
        const outcome = OUTCOMES[place % OUTCOMES.length]
        const row = Math.floor(place / OUTCOMES.length)
        const operationClass = CLASSES[row % CLASSES.length]
        const channel = CHANNELS[Math.floor(row / CLASSES.length)]
        if (outcome && operationClass && channel) this.inc({ channel, class: operationClass, outcome }, count)
      })
    },
  })
}

/** prom-client's histogram observes one by one; ours is already counted, so its text is written here. */
function durationsText({ buckets, durationSumMs, count }: ProxyCounters): string {
  const name = 'keytrail_exchange_duration_seconds'
  const lines = [`# HELP ${name} From the request’s arrival to its outcome.`, `# TYPE ${name} histogram`]
  let sum = 0
  buckets.forEach((inBucket, place) => {
    sum += inBucket
    const bound = BUCKETS_MS[place]
    lines.push(`${name}_bucket{le="${bound === undefined ? '+Inf' : bound / 1000}"} ${sum}`)
  })
  lines.push(`${name}_sum ${durationSumMs / 1000}`, `${name}_count ${count}`, '')
  return lines.join('\n')
}
