import t from 'tap'
import { type Batch, list } from '../../src/history/listing.ts'

/** Numbers behind `position`, up to `last`. */
function numbers(last: number): (position: string, count: number) => Batch<number> {
  return (position, count) => {
    const first = Number(position) + 1
    const end = Math.min(last, Number(position) + count)
    const entries = Array.from({ length: Math.max(0, end - first + 1) }, (_, i) => first + i)
    return { entries, next: end < last ? String(end) : null }
  }
}

t.test('a long search lets others have their turn, and misses nothing', async (t) => {
  let turns = 0
  let done = false
  const countTurns = (): void => {
    turns++
    if (!done) setImmediate(countTurns)
  }
  setImmediate(countTurns)
  const page = await list(numbers(5000), '0', { limit: 3, budget: 10_000, shows: (n) => n % 2000 === 0 })
  done = true
  t.same(page, { entries: [2000, 4000], next: null })
  t.ok(turns >= 9, `${turns} turns in 5000 entries`)
})

t.test('a spent budget ends the page, not the listing', async (t) => {
  const shows = (n: number): boolean => n === 999
  const first = await list(numbers(1000), '0', { limit: 10, budget: 400, shows })
  t.same(first.entries, [])
  t.not(first.next, null)
  const found: number[] = []
  for (let next: string | null = '0'; next !== null; ) {
    const page: Batch<number> = await list(numbers(1000), next, { limit: 10, budget: 400, shows })
    found.push(...page.entries)
    next = page.next
  }
  t.same(found, [999])
})

t.test('a full page knows whether something follows', async (t) => {
  const options = { limit: 5, budget: 100, shows: () => true }
  t.equal((await list(numbers(5), '0', options)).next, null)
  t.equal((await list(numbers(6), '0', options)).next, '5')
})
