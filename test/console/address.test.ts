import fc from 'fast-check'
import t from 'tap'
import { formatView, parseView, type View } from '../../src/console/address.ts'
import { boundsOf, PRESET_NAMES } from '../../src/console/period.ts'

const text = fc.string({ unit: 'binary', maxLength: 100 })
const moment = fc.integer({ min: 0, max: 8_000_000_000_000 })

const period = fc.oneof(
  fc.constantFrom(...PRESET_NAMES).map((name) => ({ kind: 'last' as const, name })),
  fc
    .tuple(moment, moment)
    .map(([a, b]) => ({ kind: 'range' as const, from: Math.min(a, b), to: Math.max(a, b) })),
)

const view: fc.Arbitrary<View> = fc.oneof(
  fc.record({ page: fc.constant('keys' as const), q: text }),
  fc.record({ page: fc.constant('destroyed' as const) }),
  fc.record({
    page: fc.constant('key' as const),
    key: fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
    period,
    filter: fc.record({
      ...{ q: text, action: text, requester: text, address: text },
      outcome: fc.constantFrom('', 'success', 'failure', 'unknown'),
      channel: fc.constantFrom('', 'api', 'console', 'system'),
    }),
  }),
)

t.test('property: the address bar holds a view whole', async () => {
  fc.assert(
    fc.property(view, (shown) => {
      const query = formatView(shown)
      return JSON.stringify(parseView(query)) === JSON.stringify(parseView(formatView(parseView(query))))
    }),
  )
})

t.test('a view comes back as it was', async (t) => {
  const filter = {
    q: 'a b&c',
    action: '=1',
    requester: 'ü',
    address: '::1',
    outcome: 'failure',
    channel: 'api',
  } as const
  const key: View = { page: 'key', key: 'crm/키 1?#', period: { kind: 'range', from: 1, to: 2 }, filter }
  for (const shown of [
    key,
    { ...key, period: { kind: 'last', name: '7d' } },
    { page: 'keys', q: 'x' },
    { page: 'destroyed' },
  ] as const)
    t.strictSame(parseView(formatView(shown)), shown)
})

t.test('what can’t be read is as if it were not there', async (t) => {
  for (const query of ['', '?', '?key=', '?period=24h', '?view=other', '?%FF=%FF'])
    t.strictSame(parseView(query), { page: 'keys', q: '' }, query)
  for (const query of [
    'period=1y',
    'from=x&to=y',
    'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    'period=__proto__',
  ]) {
    t.match(parseView(`?key=k&${query}&outcome=maybe&channel=fax`), {
      ...{ period: { kind: 'last', name: '24h' } },
      filter: { outcome: '', channel: '' },
    })
  }
  t.match(parseView(`?key=k&q=${'x'.repeat(1000)}`), { filter: { q: 'x'.repeat(256) } })
})

t.test('a period up to now has no end', async (t) => {
  t.strictSame(boundsOf({ kind: 'last', name: '1h' }, 10_000_000), { from: 6_400_000, to: undefined })
  t.strictSame(boundsOf({ kind: 'last', name: '30d' }, 1), { from: 0, to: undefined })
  t.strictSame(boundsOf({ kind: 'range', from: 1, to: 2 }, 9), { from: 1, to: 2 })
})
