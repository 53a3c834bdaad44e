import t from 'tap'
import { LimitHits } from '../src/limit-hits.ts'

t.test('each limit has a count of its own, which threads share', async (t) => {
  const hits = new LimitHits()
  const elsewhere = new LimitHits(hits.shared)
  hits.hit('limits.header')
  elsewhere.hit('history.limits.connections')
  elsewhere.hit('history.limits.connections')
  const counts = new Map(hits.counts())
  t.equal(counts.get('limits.header'), 1)
  t.equal(counts.get('history.limits.connections'), 2)
  t.equal(
    [...counts.values()].reduce((sum, count) => sum + count),
    3,
  )
})

t.test('records tell of limits by their reason', async (t) => {
  const hits = new LimitHits()
  for (const reason of ['body-too-large', 'upstream-busy', 'malformed', 'constructor', ''])
    hits.hitByReason(reason)
  const hit = hits.counts().filter(([, count]) => count > 0)
  t.strictSame(hit, [
    ['limits.body', 1],
    ['upstream.waiting', 1],
  ])
})
