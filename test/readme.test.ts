import { readFileSync } from 'node:fs'
import t from 'tap'
import { configTable } from '../src/config/table.ts'
import { createMetrics, ProxyCounters } from '../src/metrics.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const EXCHANGE = readFileSync(new URL('../src/proxy/exchange.ts', import.meta.url), 'utf8')

t.test('the configuration table is the schema’s', async (t) => {
  t.ok(
    README.includes(configTable().trim()),
    'the table is out of date: print configTable() of dist/config/table.js and put it there',
  )
})

t.test('every metric is in the table, and none that does not exist', async (t) => {
  const text = await createMetrics(new ProxyCounters(), '0', []).text()
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
  const readings = readFileSync(new URL('../src/readings.ts', import.meta.url), 'utf8')
  const read = [...readings.matchAll(/'((?:keytrail|process)_[a-z_]+)'/g)].map(([, name = '']) => name)
  const section = README.slice(README.indexOf('## Metrics'), README.indexOf('## Storage'))
  const documented = [...section.matchAll(/`((?:keytrail|process)_[a-z_]+)/g)].map(([, name = '']) => name)
  t.strictSame([...names, ...read].toSorted(), documented.toSorted())
})

t.test('the exchange names its steps in the order of the list', async (t) => {
  const steps = [...EXCHANGE.matchAll(/^ {2}\/\*\* (\d)\./gm)].map(([, step]) => step)
  t.strictSame(steps, [...steps].toSorted())
  t.ok(steps.length >= 5, steps.join())
})
