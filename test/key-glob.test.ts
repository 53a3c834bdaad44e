import fc from 'fast-check'
import t from 'tap'
import { compileGlob } from '../src/key-glob.ts'

/** The definition of a glob, one character at a time. */
function reference(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*')
    return reference(pattern.slice(1), text) || (text !== '' && reference(pattern, text.slice(1)))
  return (
    text !== '' &&
    (pattern[0] === '?' || pattern[0] === text[0]) &&
    reference(pattern.slice(1), text.slice(1))
  )
}

t.test('globs', async (t) => {
  t.ok(compileGlob('*')(''))
  t.ok(compileGlob('billing-*')('billing-'))
  t.ok(compileGlob('billing-*')('billing-eu/1'))
  t.notOk(compileGlob('billing-*')('Billing-eu'))
  t.notOk(compileGlob('billing-*')('my-billing-eu'))
  t.ok(compileGlob('a.c')('a.c'))
  t.notOk(compileGlob('a.c')('abc'), 'a dot is a dot')
  t.ok(compileGlob('[a]')('[a]'), 'a bracket is a bracket')
  t.ok(compileGlob('k?y')('key'))
  t.notOk(compileGlob('k?y')('ky'))
  t.ok(compileGlob('*-eu-*')('key-eu-1'))
})

t.test('property: as the reference says', async () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 })
    .map((parts) => parts.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 10 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(pattern, text, (glob, key) => compileGlob(glob)(key) === reference(glob, key)),
    { numRuns: 5000 },
  )
})

t.test('a hostile key costs no more than pattern times text', async (t) => {
  // with naive backtracking this would not end: the number of ways is about 512 over 20
  const matches = compileGlob(`${'*a'.repeat(20)}*b`)
  t.notOk(matches('a'.repeat(512)))
})
