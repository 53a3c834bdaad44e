import t, { type Test } from 'tap'
import { createMetrics, ProxyCounters, type Reading } from '../src/metrics.ts'
import type { AuditRecord } from '../src/record.ts'
import { auditRecord } from './store/audit-record.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly type: string
  readonly samples: Sample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g

/**
 * Reads the text format as strictly as it is specified: each family once, HELP and TYPE before its samples, its
 * samples together, no sample twice, a line feed at the end.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
function parse(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let helped = ''
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    if (/\s$|^\s|\r/.test(line)) throw new Error(`space around: ${line}`)
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (families.has(name) || !NAME.test(name)) throw new Error(`HELP: ${line}`)
      helped = name
    } else if (word === 'TYPE') {
      if (name !== helped || families.has(name)) throw new Error(`TYPE: ${line}`)
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`TYPE: ${line}`)
      families.set(name, { type: rest, samples: [] })
      current = name
    } else {
      const sample = parseSample(line)
      const { type = '', samples } = families.get(current) ?? {}
      const suffix = type === 'histogram' ? '(_bucket|_sum|_count)' : ''
      if (!new RegExp(`^${current}${suffix}$`).test(sample.name)) throw new Error(`of which family: ${line}`)
      const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
      if (seen.has(identity)) throw new Error(`twice: ${line}`)
      seen.add(identity)
      samples?.push(sample)
    }
  }
  return families
}

function parseSample(line: string): Sample {
  const [, name = '', inner, value = ''] = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  const found = [...(inner ?? '').matchAll(LABEL)]
  if (!NAME.test(name) || found.map(([whole]) => whole).join('') !== (inner ?? '')) throw new Error(line)
  if (!/^(-?\d+(\.\d+)?(e[+-]\d+)?|[+-]Inf|NaN)$/.test(value)) throw new Error(`value: ${line}`)
  return { name, labels: Object.fromEntries(found.map(([, key, text]) => [key, text])), value: Number(value) }
}

function recorded(...records: Partial<AuditRecord>[]): ProxyCounters {
  const counters = new ProxyCounters()
  for (const record of records) counters.observe(auditRecord(record))
  return counters
}

async function scrape(counters: ProxyCounters, readings: readonly Reading[] = []) {
  return parse(await createMetrics(counters, '1.2.3', readings).text())
}

function values(families: Map<string, Family>, name: string): number[] {
  return families.get(name)?.samples.map(({ value }) => value) ?? []
}

t.test('the parser of this test is strict', async (t) => {
  const bad = [
    'a 1',
    '# HELP a b\n# TYPE a gauge\na 1',
    '# TYPE a gauge\na 1\n',
    '# HELP a b\n# TYPE a gauge\na 1\na 1\n',
    '# HELP a b\n# TYPE a gauge\nb 1\n',
    '# HELP a b\n# TYPE a gauge\na x\n',
    '# HELP a b\n# TYPE a gauge\na{b="c} 1\n',
    '# HELP a b\n# TYPE a gauge\n# HELP a b\n',
  ]
  for (const text of bad) t.throws(() => parse(text), text)
})

t.test('exchanges by channel, class and outcome', async (t) => {
  const counters = recorded(
    { channel: 'api', class: 'use', outcome: 'success' },
    { channel: 'api', class: 'use', outcome: 'success' },
    { channel: 'console', class: 'manage', outcome: 'failure' },
    { channel: 'system', class: 'token', outcome: 'unknown' },
  )
  const families = await scrape(counters)
  const { type, samples = [] } = families.get('keytrail_exchanges_total') ?? {}
  t.equal(type, 'counter')
  t.equal(samples.length, 3 * 4 * 3, 'every combination, from the start')
  t.strictSame(
    samples.filter(({ value }) => value > 0).map(({ labels, value }) => [labels, value]),
    [
      [{ channel: 'api', class: 'use', outcome: 'success' }, 2],
      [{ channel: 'console', class: 'manage', outcome: 'failure' }, 1],
      [{ channel: 'system', class: 'token', outcome: 'unknown' }, 1],
    ],
  )
})

t.test('durations', async (t) => {
  const durations = [0, 1, 2, 3, 5, 6, 50, 30_000, 30_001, 600_000]
  const families = await scrape(recorded(...durations.map((durationMs) => ({ durationMs }))))
  const { type, samples = [] } = families.get('keytrail_exchange_duration_seconds') ?? {}
  t.equal(type, 'histogram')
  const buckets = samples.filter(({ name }) => name.endsWith('_bucket'))
  checkBuckets(t, buckets)
  for (const { labels, value } of buckets) {
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])
    t.equal(value, durations.filter((ms) => ms / 1000 <= bound).length, `le ${labels['le']}`)
  }
  const [sum, count] = samples.slice(-2)
  t.match(sum, { name: 'keytrail_exchange_duration_seconds_sum', value: 660.068 })
  t.match(count, { name: 'keytrail_exchange_duration_seconds_count', value: durations.length })
  t.equal(buckets.at(-1)?.value, count?.value)
})

/** Bounds and counts grow; the last bound is +Inf. */
function checkBuckets(t: Test, buckets: readonly Sample[]): void {
  const bounds = buckets.map(({ labels: { le } }) => Number(le?.replace('+Inf', 'Infinity')))
  t.strictSame(
    bounds,
    bounds.toSorted((a, b) => a - b),
  )
  t.equal(bounds.at(-1), Number.POSITIVE_INFINITY)
  const counts = buckets.map(({ value }) => value)
  t.strictSame(
    counts,
    counts.toSorted((a, b) => a - b),
  )
}

t.test('figures are read at every scrape', async (t) => {
  let figure = 1
  const read = (): number => figure
  const metrics = createMetrics(recorded(), '1', [
    { name: 'a_total', help: 'A counter.', kind: 'counter', read },
    { name: 'b', help: 'A "gauge" \\ with\nodd help.', kind: 'gauge', read },
  ])
  for (figure of [0, 7, 7.5, 3, 1e21]) {
    const families = parse(await metrics.text())
    t.strictSame([values(families, 'a_total'), values(families, 'b')], [[figure], [figure]])
  }
})

t.test('the version, and an odd one', async (t) => {
  for (const version of ['0.1.0', 'a"b\\c']) {
    const families = parse(await createMetrics(recorded(), version, []).text())
    t.match(families.get('keytrail_build_info'), { type: 'gauge', samples: [{ value: 1 }] })
  }
})

t.test('nothing recorded yet', async (t) => {
  const families = await scrape(recorded())
  const all = [...families.values()].flatMap(({ samples }) => samples)
  t.ok(all.length > 40)
  t.ok(all.every(({ name, value }) => value === 0 || name === 'keytrail_build_info'))
})

t.test('a figure that can not be read fails the scrape, and the next one works', async (t) => {
  let broken = true
  const metrics = createMetrics(recorded(), '1', [
    {
      name: 'a',
      help: 'A.',
      kind: 'gauge',
      read() {
        if (broken) throw new Error('not now')
        return 1
      },
    },
  ])
  await t.rejects(metrics.text())
  broken = false
  t.strictSame(values(parse(await metrics.text()), 'a'), [1])
})
