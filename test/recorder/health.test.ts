import t from 'tap'
import { Health } from '../../src/recorder/health.ts'
import { StoreFailure } from '../../src/recorder/store-failure.ts'

const NOBODY_WAITS = Number.NEGATIVE_INFINITY

function setUp() {
  const seen: string[] = []
  const health = new Health(1000, (part, failure) => seen.push(`${part}: ${failure?.reason ?? 'works'}`))
  return { health, seen }
}

t.test('a thread that does not move for longer than the deadline fails until it does', async (t) => {
  const { health, seen } = setUp()
  const journal = { published: 10, committed: 0, applied: 0 }
  // The process may have been running for long when it is first looked at.
  t.equal(health.check(journal, NOBODY_WAITS, 50_000), null)
  t.equal(health.check({ ...journal, published: 99 }, NOBODY_WAITS, 50_999), null)
  t.strictSame(seen, [])
  health.check({ ...journal, published: 99 }, NOBODY_WAITS, 51_000)
  t.equal(health.failure?.reason, 'deadline')
  t.equal(health.journalFailure?.reason, 'deadline')
  health.check({ ...journal, published: 99 }, NOBODY_WAITS, 60_000)
  health.check({ published: 99, committed: 10, applied: 0 }, NOBODY_WAITS, 60_100)
  t.equal(health.failure, null)
  t.equal(health.check({ published: 99, committed: 99, applied: 10 }, NOBODY_WAITS, 61_050), null)
  health.check({ published: 99, committed: 99, applied: 10 }, NOBODY_WAITS, 62_050)
  t.equal(health.failure?.reason, 'deadline')
  t.equal(health.journalFailure, null, 'what is queued still becomes durable')
  health.check({ published: 99, committed: 99, applied: 99 }, NOBODY_WAITS, 62_060)
  t.strictSame(seen, ['journal: deadline', 'journal: works', 'rings: deadline', 'rings: works'])
})

t.test('who waits longer than the deadline is told, also while the journal moves', async (t) => {
  const { health } = setUp()
  t.equal(health.check({ published: 9, committed: 5, applied: 5 }, 999, 1), null)
  const failure = health.check({ published: 9, committed: 6, applied: 5 }, 1000, 2)
  t.equal(failure?.reason, 'deadline')
  t.equal(health.check({ published: 9, committed: 7, applied: 5 }, NOBODY_WAITS, 3), null)
  t.strictSame(health.problems, [])
})

t.test('what a part says of itself goes before what is seen of it, and is told once', async (t) => {
  const { health, seen } = setUp()
  const positions = { published: 10, committed: 0, applied: 0 }
  health.check(positions, NOBODY_WAITS, 0)
  health.check(positions, NOBODY_WAITS, 1000)
  health.set('journal', new StoreFailure('disk-full', 'no space'))
  health.set('journal', new StoreFailure('disk-full', 'no space'))
  health.set('files', new StoreFailure('files-changed', 'gone'))
  health.check({ published: 10, committed: 10, applied: 10 }, NOBODY_WAITS, 1100)
  t.strictSame(health.problems, ['no space', 'gone'], 'it has not said yet that it works')
  t.equal(health.failure?.reason, 'disk-full')
  health.set('journal', null)
  t.equal(health.journalFailure?.reason, 'files-changed')
  health.set('files', null)
  t.equal(health.failure, null)
  t.strictSame(seen, [
    'journal: deadline',
    'journal: disk-full',
    'files: files-changed',
    'journal: works',
    'files: works',
  ])
})
