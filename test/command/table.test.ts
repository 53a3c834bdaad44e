import t from 'tap'
import { type Column, formatTable } from '../../src/command/table.ts'

interface Row {
  readonly name: string
  readonly count: number
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, widest: 6 },
  { title: 'N', cell: ({ count }) => String(count), align: 'right' },
  { title: 'LAST', cell: () => '' },
]

t.test('columns are as wide as their widest cell', async (t) => {
  const rows = [
    { name: 'a', count: 1 },
    { name: '키키', count: 200 },
  ]
  t.equal(formatTable(COLUMNS, rows), 'NAME    N  LAST\na       1\n키키  200\n')
  t.equal(formatTable(COLUMNS, rows, 'no titles'), 'a       1\n키키  200\n')
})

t.test('a cell is made visible, then cut', async (t) => {
  t.equal(formatTable(COLUMNS, [{ name: '\nlonger', count: 1 }], 'no titles'), '\\u{a}…  1\n')
})

t.test('no rows are no lines', async (t) => {
  t.equal(formatTable(COLUMNS, [], 'no titles'), '')
})
