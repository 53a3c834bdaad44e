import t from 'tap'
import { allowedForms, type PathForm, splitPath } from '../../src/dialect/path.ts'

function split(path: string, ...forms: PathForm[]): string[] | null {
  return splitPath(path, path.length, allowedForms(forms))
}

const readable: readonly (readonly [string, readonly string[]])[] = [
  ['/', []],
  ['/a', ['a']],
  ['/a/b/c', ['a', 'b', 'c']],
  ['/a/', ['a', '']],
  ['/A/b', ['A', 'b']],
  ['/%61/b%2Dc', ['a', 'b-c']],
  ['/a.b/..c/d../...', ['a.b', '..c', 'd..', '...']],
  ['/%e2%82%ac/%F0%9F%94%91', ['\u20ac', '\u{1f511}']],
  ['/a%20b', ['a b']],
  ['/100%25', ['100%']],
  ['/%25zz', ['%zz']],
  ["/a:b@c!$&'()*+,=~_-", ["a:b@c!$&'()*+,=~_-"]],
]

for (const [path, segments] of readable) {
  t.test(`${path} has one reading`, async (t) => t.same(split(path), segments))
}

/** Paths with two readings, and the form that must be allowed for them to pass (undefined: none helps). */
const ambiguous: readonly (readonly [string, PathForm | undefined, (readonly string[])?])[] = [
  ['/a/./b', 'dot-segment', ['a', '.', 'b']],
  ['/a/../b', 'dot-segment', ['a', '..', 'b']],
  ['/a/..', 'dot-segment', ['a', '..']],
  ['/a/%2e/b', 'dot-segment', ['a', '.', 'b']],
  ['/a/.%2E/b', 'dot-segment', ['a', '..', 'b']],
  ['/a/%2e%2e', 'dot-segment', ['a', '..']],
  ['//a', 'empty-segment', ['', 'a']],
  ['//', 'empty-segment', ['', '']],
  ['/a//b', 'empty-segment', ['a', '', 'b']],
  ['/a%2fb', 'encoded-slash', ['a/b']],
  ['/a%2Fb', 'encoded-slash', ['a/b']],
  ['/a\\b', 'backslash', ['a\\b']],
  ['/a%5cb', 'backslash', ['a\\b']],
  ['/a;x=1/b', 'path-parameter', ['a;x=1', 'b']],
  ['/a%3Bx', 'path-parameter', ['a;x']],
  ['/a%3fb', 'encoded-delimiter', ['a?b']],
  ['/a%23b', 'encoded-delimiter', ['a#b']],
  ['/a%2562', 'double-encoding', ['a%62']],
  ['/a%25%32%65', 'double-encoding', ['a%2e']],
  ['/\xc3\xa9', 'raw-non-ascii', ['\u00e9']],
  ['/a#b', undefined],
  ['/a%00', undefined],
  ['/a\0', undefined],
  ['/a%0a', undefined],
  ['/a%7f', undefined],
  ['/a%c2%85', undefined],
  ['/a b', undefined],
  ['/a%', undefined],
  ['/a%4', undefined],
  ['/a%zz', undefined],
  ['/a%u002f', undefined],
  ['/%ff', undefined],
  ['/%c0%af', undefined],
  ['/%ed%a0%80', undefined],
  ['/\xff', undefined],
  ['/\u20ac', undefined],
  ['', undefined],
  ['a/b', undefined],
  ['*', undefined],
  ['http://host/a', undefined],
  ['host:443', undefined],
]

const everyForm: readonly PathForm[] = [
  'dot-segment',
  'empty-segment',
  'trailing-slash',
  'encoded-slash',
  'backslash',
  'path-parameter',
  'encoded-delimiter',
  'double-encoding',
  'raw-non-ascii',
]

for (const [path, form, segments] of ambiguous) {
  t.test(`${JSON.stringify(path)} has two readings`, async (t) => {
    t.equal(split(path), null)
    const others = everyForm.filter((other) => other !== form)
    t.equal(split(path, ...others), null, 'no other form lets it pass')
    if (form !== undefined) t.same(split(path, form), segments)
  })
}

t.test('an allowed form does not smuggle a dot segment in', async (t) => {
  t.equal(split('/a/..%2fb', 'encoded-slash'), null)
  t.equal(split('/a/..\\b', 'backslash'), null)
  t.equal(split('/a/..;x/b', 'path-parameter'), null)
  t.equal(split('/a/..%5c..;x%2fb', 'encoded-slash', 'backslash', 'path-parameter'), null)
  t.same(split('/a/..;x', 'path-parameter', 'dot-segment'), ['a', '..;x'])
})
