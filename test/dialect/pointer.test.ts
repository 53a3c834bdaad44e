import t from 'tap'
import { lookUp, parsePointer, pointerPattern } from '../../src/dialect/pointer.ts'

// The document and pointers of RFC 6901 section 5.
const document = JSON.parse(
  '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8,"__proto__":9}',
)

const places: readonly (readonly [string, unknown])[] = [
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/foo/1', 'baz'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/ ', 7],
  ['/m~0n', 8],
  ['/__proto__', 9],
]

for (const [pointer, value] of places) {
  t.test(`'${pointer}'`, async (t) => {
    t.match(pointer, new RegExp(pointerPattern))
    t.same(lookUp(document, parsePointer(pointer)), value)
  })
}

for (const pointer of [
  '/none',
  '/foo/2',
  '/foo/-',
  '/foo/00',
  '/foo/length',
  '/foo/0/length',
  '/constructor',
  '/foo/map',
]) {
  t.test(`'${pointer}' is nowhere`, async (t) => t.equal(lookUp(document, parsePointer(pointer)), undefined))
}

t.test('nothing is inside what is no object', async (t) => {
  for (const value of [undefined, null, 'text', 1, true]) t.equal(lookUp(value, ['length']), undefined)
})

t.test('pointers that are none', async (t) => {
  for (const text of ['', 'foo', '/a~2', '/~']) t.notMatch(text, new RegExp(pointerPattern))
})
