import t from 'tap'
import { cutOut, isWhole, printable, textOf, word } from '../../src/dialect/excerpt.ts'

t.test('cutOut', async (t) => {
  const prefix = { after: 'ncpkms:v', until: ':' }
  t.equal(cutOut('ncpkms:v3:AAAA', prefix), '3')
  t.equal(cutOut('ncpkms:v12:A:B', prefix), '12')
  t.equal(cutOut('ncpkms:v3AAAA', prefix), '', 'without its end nothing is taken, least of all a ciphertext')
  t.equal(cutOut('AAAA', prefix), '')
  t.equal(cutOut('a#b#c', { after: '#', until: '' }), 'b#c')
  t.equal(cutOut('Error:http://x', { after: '', until: ':' }), 'Error')
  t.equal(cutOut('whole', { after: '', until: '' }), 'whole')
})

t.test('textOf', async (t) => {
  t.equal(textOf('a'), 'a')
  t.equal(textOf(7), '7')
  t.equal(textOf(['first', 'second']), 'first')
  for (const value of [undefined, null, true, {}, [], [[]], Number.POSITIVE_INFINITY])
    t.equal(textOf(value), '')
})

t.test('printable', async (t) => {
  t.equal(printable('Quota Exceeded', 64), 'Quota Exceeded')
  t.equal(printable('abcdef', 3), 'abc')
  t.equal(printable('ab\ncd', 64), 'ab')
  t.equal(printable('é', 64), '')
})

t.test('word', async (t) => {
  t.equal(word('3', 64), '3')
  t.equal(word('abc', 3), 'abc')
  t.equal(word('abcd', 3), '', 'a longer text is not cut: it is something else')
  t.equal(word('a b', 64), '')
  t.equal(word('\u00fc', 64), '')
})

t.test('isWhole', async (t) => {
  for (const text of ['', 'plain', '\u5b57', '\u{1f511}', 'a b']) t.ok(isWhole(text), text)
  for (const text of ['\0', 'a\n', '\x7f', '\x85', '\ud83d', '\udd11', '\ud83d\ud83d', 'a\ud83d']) {
    t.notOk(isWhole(text), JSON.stringify(text))
  }
})
