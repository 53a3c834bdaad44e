import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { defaultDocument } from '../../src/config/defaults.ts'
import { loadConfig } from '../../src/config/load.ts'

const FILE = 'config/keytrail.yaml'

t.test('the documented default is the built-in one, field by field', async (t) => {
  t.strictSame(parse(readFileSync(FILE, 'utf8')), defaultDocument())
  t.strictSame(loadConfig({ file: FILE, env: {} }), loadConfig({ file: null, env: {} }))
})

t.test('every block of it has a comment', async (t) => {
  const lines = readFileSync(FILE, 'utf8').split('\n')
  for (const [index, line] of lines.entries()) {
    if (/^[a-z]\w*:/i.test(line)) t.match(lines[index - 1], /^#/, line)
  }
})
