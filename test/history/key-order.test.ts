import t from 'tap'
import { KeyIndex } from '../../src/history/key-index.ts'
import { compareUses, KeyOrder } from '../../src/history/key-order.ts'
import type { KeyUse } from '../../src/store/reader.ts'

const KEYS = 20_000

/** Ids of one to four bytes a character, in the order of their bytes. */
function someUses(count: number): KeyUse[] {
  const uses = Array.from({ length: count }, (_, i) => ({
    key: `${['k', 'é', '키', '🔑', '\uffff'][i % 5]}${i}`,
    // Many at the same time, some never.
    lastUse: i % 7 === 0 ? 0 : 1e12 + ((i * 7919) % 5000),
  }))
  return uses.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
}

/** What the store tells of keys. */
class Told {
  uses: KeyUse[]
  changed: string[] = []
  reads = 0

  constructor(uses: KeyUse[]) {
    this.uses = uses
  }

  keyUses(after: string, limit: number): KeyUse[] {
    if (after === '') this.reads++
    const start = after === '' ? 0 : this.uses.findIndex(({ key }) => key === after) + 1
    return this.uses.slice(start, start + limit)
  }

  keyUse(key: string): KeyUse | null {
    return this.uses.find((use) => use.key === key) ?? null
  }

  keyChanges(position: number | null): { keys: string[] | null; position: number } {
    return { keys: position === null ? null : this.changed.splice(0), position: 1 }
  }
}

for (const count of [0, 1, 2000, 2001, KEYS]) {
  t.test(`${count} keys in the order of their last use`, async (t) => {
    const told = new Told(someUses(count))
    const order = await KeyOrder.read(told)
    const expected = [...told.uses].sort(compareUses)
    t.strictSame(
      Array.from({ length: order.length }, (_, place) => order.at(place)),
      expected,
    )
    const places = expected.slice(0, 300).map((use) => order.placeBehind(use))
    t.strictSame(
      places,
      places.map((_, i) => i + 1),
    )
    t.ok(expected.slice(0, 300).every(({ key, lastUse }) => order.lastUse(key) === lastUse))
    t.equal(order.lastUse('unknown'), null)
  })
}

t.test('is read and sorted in slices', async (t) => {
  const told = new Told(someUses(KEYS))
  let turns = 0
  let reading = true
  const count = (): void => {
    turns++
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  await KeyOrder.read(told)
  reading = false
  t.ok(turns >= (2 * KEYS) / 2000 - 2, `others got ${turns} turns`)
})

t.test('where many keys have changed, the order is read anew behind what is asked', async (t) => {
  const told = new Told(someUses(KEYS))
  const index = new KeyIndex(told)
  t.teardown(() => index.close())
  await index.refresh()
  t.equal(told.reads, 1)
  told.changed = told.uses.filter(({ lastUse }) => lastUse === 0).map(({ key }) => key)
  const first = told.changed.at(-1)
  told.uses = told.uses.map((use) => (use.key === first ? { ...use, lastUse: 2e12 } : use))
  await index.refresh()
  const options = { limit: 2, budget: 100, shows: () => true }
  t.strictSame((await index.page('', options)).entries[0], { key: first, lastUse: 2e12 })
  t.equal(told.reads, 1, 'what has the same place as before was not taken for changed')
  const used = told.uses.map((use, i) => ({ ...use, lastUse: i % 4 === 3 ? use.lastUse : 3e12 + i }))
  told.changed = used.filter((_, i) => i % 4 !== 3).map(({ key }) => key)
  told.uses = used
  const by = new Map(used.map((use) => [use.key, use]))
  told.keyUse = (key) => by.get(key) ?? null
  await index.refresh()
  const expected = [...used].sort(compareUses).slice(0, 2)
  t.strictSame((await index.page('', options)).entries, expected)
  t.equal(told.reads, 2, 'behind it')
  await index.refresh()
  t.strictSame((await index.page('', options)).entries, expected)
})
