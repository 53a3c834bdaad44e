import t from 'tap'
import { readQuery } from '../../src/dialect/query.ts'

const queries: readonly (readonly [string, string | null])[] = [
  ['', ''],
  ['key=a', 'a'],
  ['x=1&key=a&y=2', 'a'],
  ['key', ''],
  ['key=', ''],
  ['key=a=b', 'a=b'],
  ['KEY=a', ''],
  ['key=%61', 'a'],
  ['%6bey=a', 'a'],
  ['key=%2561', '%61'],
  ['key=a&key=a', 'a'],
  ['key=a&key=%61', 'a'],
  ['key=a&key=b', null],
  ['key=a&key', null],
  ['key=a+b', null],
  ['key=%', null],
  ['key=%ff', null],
  ['%zz=1&key=a', 'a'],
  ['x=1;key=a', null],
]

for (const [query, value] of queries) {
  t.test(`'${query}'`, async (t) => t.equal(readQuery(query, 'key'), value))
}
