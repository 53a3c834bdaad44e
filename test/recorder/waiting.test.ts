import fc from 'fast-check'
import t from 'tap'
import { KeytrailError } from '../../src/errors.ts'
import { Waiting } from '../../src/recorder/waiting.ts'

type Seen = [waiter: number, code: string | null]

function waiter(seen: Seen[], number: number, then: () => void = () => undefined) {
  return {
    onJournalled(error: KeytrailError | null) {
      seen.push([number, error?.code ?? null])
      then()
    },
  }
}

const unavailable = new KeytrailError('STORE_UNAVAILABLE', 'no')

t.test('waiters go on in their order, each once, as far as the journal has come', async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.nat(900) }) },
    fc.record({ kind: fc.constant('release' as const), count: fc.nat(1500) }),
    fc.record({ kind: fc.constant('fail' as const), count: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const waiting = new Waiting()
      const seen: Seen[] = []
      const expected: Seen[] = []
      let added = 0
      for (const { kind, count } of steps) {
        if (kind === 'add')
          for (let i = 0; i < count; i++) waiting.add(waiter(seen, added), 10 * ++added, added)
        if (kind === 'release') waiting.release(10 * (expected.length + count) + 9)
        if (kind === 'fail') waiting.fail(unavailable)
        const end = kind === 'add' ? expected.length : kind === 'fail' ? added : expected.length + count
        while (expected.length < Math.min(end, added))
          expected.push([expected.length, kind === 'fail' ? 'STORE_UNAVAILABLE' : null])
        if (waiting.count !== added - expected.length) return false
        if (waiting.oldestSince !== (waiting.count === 0 ? Number.POSITIVE_INFINITY : expected.length + 1))
          return false
      }
      return JSON.stringify(seen) === JSON.stringify(expected)
    }),
    { numRuns: 40 },
  )
})

t.test('who begins to wait while others go on waits for its own turn', async (t) => {
  const waiting = new Waiting()
  const seen: Seen[] = []
  for (let i = 0; i < 2000; i++)
    waiting.add(
      waiter(seen, i, () => waiting.add(waiter(seen, 2000 + i), 5, 0)),
      1,
      0,
    )
  waiting.release(1)
  t.equal(waiting.count, 2000)
  t.strictSame(
    seen.map(([number]) => number),
    Array.from({ length: 2000 }, (_, i) => i),
  )
})

t.test('a failure ends the wait of those who wait, not of those whom it makes wait', async (t) => {
  const waiting = new Waiting()
  const seen: Seen[] = []
  waiting.add(
    waiter(seen, 1, () => waiting.add(waiter(seen, 2), 9, 0)),
    5,
    0,
  )
  waiting.fail(unavailable)
  t.strictSame(seen, [[1, 'STORE_UNAVAILABLE']])
  t.equal(waiting.count, 1)
  waiting.release(9)
  t.strictSame(seen, [
    [1, 'STORE_UNAVAILABLE'],
    [2, null],
  ])
})
