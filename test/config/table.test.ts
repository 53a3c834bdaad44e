import t from 'tap'
import { environmentVariables } from '../../src/config/environment.ts'
import { configSchema } from '../../src/config/schema.ts'
import { configTable } from '../../src/config/table.ts'

/** Cells between the bars that are no part of a text. */
const cellsOf = (row: string) =>
  row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())

const rows = configTable().trim().split('\n').slice(2).map(cellsOf)

t.test('every field has one row with all it takes', async (t) => {
  const fields = rows.map(([field]) => field)
  for (const { path } of environmentVariables(configSchema).values()) {
    t.equal(fields.filter((field) => field === `\`${path.join('.')}\``).length, 1, path.join('.'))
  }
  for (const inner of [
    'listeners[].bind',
    'acl[].deny',
    'history.auth.tokens[].sha256',
    'channelRules[].header.name',
  ]) {
    t.ok(fields.includes(`\`${inner}\``), inner)
  }
  for (const cells of rows) {
    const field = `${cells[0]}`
    t.equal(cells.length, 4, field)
    for (const cell of cells) t.not(cell, '', `${field} leaves nothing out`)
    t.not(cells[1], 'another kind of value', field)
  }
})

t.test('defaults are shown as a file says them', async (t) => {
  const defaultOf = (path: string) => rows.find(([field]) => field === `\`${path}\``)?.[2]
  t.equal(defaultOf('upstream.timeouts.connect'), '`3s`')
  t.equal(defaultOf('trustedProxies'), '`[]`')
  t.equal(defaultOf('listeners[].tls'), '`null`')
  t.equal(defaultOf('listeners[].bind'), 'required')
  t.equal(defaultOf('history.auth.tokens[].keys'), 'required')
})
