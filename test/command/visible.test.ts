import fc from 'fast-check'
import t from 'tap'
import { displayWidth, fitted, visible, visibleJson, visibleLines } from '../../src/command/visible.ts'

t.test('what a terminal would act on, or hide, is spelled out', async (t) => {
  for (const [text, shown] of [
    ['\u001b[31m', '\\u{1b}[31m'],
    ['a\tb\r\nc', 'a\\u{9}b\\u{d}\\u{a}c'],
    ['\u0000\u007f\u009b', '\\u{0}\\u{7f}\\u{9b}'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['a\u2028b\u00a0c', 'a\\u{2028}b\\u{a0}c'],
    ['\ud83d', '\\u{d83d}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['C:\\u{1b}', 'C:\\\\u{1b}'],
    [`e${'\u0301'.repeat(4)}`, 'e\u0301\u0301\\u{301}\\u{301}'],
  ] as const)
    t.equal(visible(text), shown)
})

t.test('what people write stays as it is', async (t) => {
  for (const text of ['billing-service', '결제 담당', 'Grüße', 'क्षमता', 'キー 🔑', 'a+b@example.com/x?y=1'])
    t.equal(visible(text), text)
})

t.test('nothing invisible is left of any text, and no two texts look alike', async () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(fc.property(text, (one) => !/\p{C}|\p{Zl}|\p{Zp}/u.test(visible(one))))
  fc.assert(fc.property(text, text, (one, other) => one === other || visible(one) !== visible(other)))
})

t.test('JSON keeps its meaning', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = visibleJson({ text })
      return !/\p{C}|\p{Zl}|\p{Zp}/u.test(json) && JSON.parse(json).text === text
    }),
  )
})

t.test('line breaks of one’s own stay', async (t) => {
  t.equal(visibleLines('one\n\u001btwo'), 'one\n\\u{1b}two')
})

t.test('width is that on a terminal', async (t) => {
  for (const [text, width] of [
    ['', 0],
    ['abc', 3],
    ['키', 2],
    ['キーa', 5],
    ['🔑', 2],
    ['e\u0301', 1],
  ] as const)
    t.equal(displayWidth(text), width, text)
})

t.test('text is cut to fit, never in the middle of a character', async (t) => {
  t.equal(fitted('abc', 3), 'abc')
  t.equal(fitted('abcd', 3), 'ab…')
  t.equal(fitted('키키키', 5), '키키…')
  t.equal(fitted('키키키', 4), '키…')
  t.equal(fitted('🔑🔑🔑', 4), '🔑…')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
      return displayWidth(fitted(visible(text), columns)) <= columns
    }),
  )
})
