import { displayWidth, fitted, visible } from './visible.ts'

/** One column of a table. */
export interface Column<Row> {
  readonly title: string
  /** May hold anything; it is made visible here. */
  readonly cell: (row: Row) => string
  /** Widest a cell may be; no bound by default. */
  readonly widest?: number
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/** Lines of text, each ended by a newline: the titles where `withTitles`, then one line a row. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  titles: 'titles' | 'no titles' = 'titles',
): string {
  const lines = rows.map((row) =>
    columns.map(({ cell, widest = Number.POSITIVE_INFINITY }) => fitted(visible(cell(row)), widest)),
  )
  if (titles === 'titles') lines.unshift(columns.map(({ title }) => title))
  const widths = columns.map(({ title }, index) =>
    lines.reduce((widest, line) => Math.max(widest, displayWidth(line[index] ?? '')), title.length),
  )
  return lines.map((line) => `${formatLine(columns, line, widths)}\n`).join('')
}

function formatLine<Row>(
  columns: readonly Column<Row>[],
  cells: readonly string[],
  widths: readonly number[],
): string {
  const padded = columns.map(({ align }, index) => {
    const cell = cells[index] ?? ''
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)))
    return align === 'right' ? space + cell : cell + space
  })
  return padded.join(GAP).trimEnd()
}
