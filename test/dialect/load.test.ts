import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadDialect } from '../../src/dialect/load.ts'

const config = join(import.meta.dirname, '../../config/dialects')
const fixtures = join(import.meta.dirname, '../fixture/dialect')

t.test('by name and by file', async (t) => {
  t.equal(loadDialect('naver-kms', config).name, 'naver-kms')
  t.equal(loadDialect(join(fixtures, 'every-option.yaml'), config).name, 'every-option')
})

t.test('every dialect that ships loads', async (t) => {
  for (const file of readdirSync(config)) {
    t.equal(`${loadDialect(join(config, file), '').name}.yaml`, file)
  }
})

t.test('unreadable', async (t) => {
  t.throws(() => loadDialect('none', config), { code: 'DIALECT_UNREADABLE', message: /naver-kms/ })
  t.throws(() => loadDialect('./none.yaml', config), { code: 'DIALECT_UNREADABLE' })
  t.throws(() => loadDialect(`${config}/`, config), { code: 'DIALECT_UNREADABLE' }, 'a folder')
  t.throws(() => loadDialect('none', join(config, 'none')), { code: 'DIALECT_UNREADABLE' })
})

t.test('invalid', async (t) => {
  t.throws(() => loadDialect('mistakes', fixtures), { code: 'DIALECT_INVALID' })
})
