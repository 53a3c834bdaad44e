import t from 'tap'
import { readClaim } from '../../src/dialect/jwt-claim.ts'

function tokenOf(payload: string): string {
  return `e30.${Buffer.from(payload).toString('base64url')}.c2ln`
}

t.test('the first claim that is a text', async (t) => {
  t.equal(readClaim(tokenOf('{"iss":"i","sub":"s"}'), ['iss', 'sub']), 'i')
  t.equal(readClaim(tokenOf('{"iss":"i","sub":"s"}'), ['sub', 'iss']), 's')
  t.equal(readClaim(tokenOf('{"iss":7,"sub":"s"}'), ['iss', 'sub']), 's')
  t.equal(readClaim(tokenOf('{"iss":"","sub":"s"}'), ['iss', 'sub']), 's')
  t.equal(readClaim(tokenOf('{"iss":"\u20ac"}'), ['iss']), '\u20ac')
})

t.test('tokens without that claim', async (t) => {
  t.equal(readClaim(tokenOf('{"exp":1}'), ['iss']), '')
  t.equal(readClaim(tokenOf('{}'), ['constructor', 'toString']), '', 'nothing is inherited')
  for (const token of [
    '',
    'opaque',
    '.',
    '..',
    'a.b',
    'a..c',
    'e30.%%%.x',
    tokenOf('{'),
    tokenOf('[1]'),
    tokenOf('"a"'),
  ]) {
    t.equal(readClaim(token, ['iss', '0']), '', token)
  }
})

t.test('a payload over 8 KB is not looked into', async (t) => {
  t.equal(readClaim(tokenOf(JSON.stringify({ iss: 'i', pad: 'x'.repeat(8192) })), ['iss']), '')
})
