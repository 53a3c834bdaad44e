import t from 'tap'
import { Arrears } from '../../src/recorder/arrears.ts'

/** Settles with room for `room` debts; returns those that were told. */
function settle(arrears: Arrears, room: number): unknown[] {
  const told: unknown[] = []
  const tell = (debt: unknown): boolean => {
    if (told.length === room) return false
    told.push(debt)
    return true
  }
  arrears.settle(tell, (key, count) => tell([key, count]))
  return told
}

t.test('every debt is told once, abandoned tickets first, as room allows', async (t) => {
  const arrears = new Arrears()
  t.ok(arrears.isEmpty)
  t.strictSame(settle(arrears, 9), [])
  for (const ticket of [3, 1, 2]) arrears.abandon(ticket)
  for (const key of ['a', 'b', 'a', 'a']) arrears.lose(key)
  t.strictSame(settle(arrears, 0), [])
  t.strictSame(settle(arrears, 2), [3, 1])
  arrears.lose('b')
  t.strictSame(settle(arrears, 2), [2, ['a', 3]])
  t.notOk(arrears.isEmpty)
  arrears.lose('a')
  t.strictSame(settle(arrears, 9), [
    ['b', 2],
    ['a', 1],
  ])
  t.ok(arrears.isEmpty)
})

t.test('losses of ever new keys take bounded memory and stay counted', async (t) => {
  const arrears = new Arrears()
  for (let i = 0; i < 30_000; i++) arrears.lose(`key-${i}`)
  arrears.lose('key-1')
  const told = settle(arrears, Number.POSITIVE_INFINITY) as [string, number][]
  t.ok(told.length <= 10_001, `${told.length} debts`)
  t.equal(
    told.reduce((sum, [, count]) => sum + count, 0),
    30_001,
  )
  t.strictSame(told[1], ['key-1', 2])
})
