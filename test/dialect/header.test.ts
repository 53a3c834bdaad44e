import t from 'tap'
import { findHeader, readHeader } from '../../src/dialect/header.ts'

const rawHeaders = [
  'Host',
  'h',
  'X-Key',
  'one',
  'x-Other',
  'o',
  'x-key',
  'one',
  'X-Two',
  'a',
  'x-two',
  'b',
  'X-No',
  '',
]

t.test('findHeader ignores case and goes on from an index', async (t) => {
  t.equal(findHeader(rawHeaders, 'x-key', 0), 3)
  t.equal(findHeader(rawHeaders, 'x-key', 4), 7)
  t.equal(findHeader(rawHeaders, 'x-key', 8), -1)
  t.equal(findHeader(rawHeaders, 'one', 0), -1, 'a value is no name')
  t.equal(findHeader([], 'x-key', 0), -1)
  t.equal(findHeader(['x-key'], 'x-key', 0), -1, 'a name without a value')
})

t.test('only letters have two cases', async (t) => {
  t.equal(findHeader(['x^', '1', 'X_', '2', 'x@', '3'], 'x~', 0), -1)
  t.equal(findHeader(['x@', '3'], 'x`', 0), -1)
})

t.test('readHeader', async (t) => {
  t.equal(readHeader(rawHeaders, 'x-key'), 'one', 'equal duplicates say one thing')
  t.equal(readHeader(rawHeaders, 'x-two'), null, 'unequal duplicates say two')
  t.equal(readHeader(rawHeaders, 'x-no'), '')
  t.equal(readHeader(rawHeaders, 'x-none'), '')
  t.equal(readHeader(['x-a', '', 'x-a', 'b'], 'x-a'), null)
})
