import fc from 'fast-check'
import t from 'tap'
import { hasOtherCase, parseStrictJson } from '../../src/dialect/strict-json.ts'

function parse(text: string | Buffer): object | null {
  return parseStrictJson(Buffer.from(text))
}

t.test('an object with one reading', async (t) => {
  t.same(parse('{}'), {})
  t.same(parse(' \n{"KeyId": "a:b", "n": {"KeyId": [1, {"x": "{\\":\\""}]}} '), {
    KeyId: 'a:b',
    n: { KeyId: [1, { x: '{":"' }] },
  })
  t.same(parse('{"\\u004beyId":"k"}'), { KeyId: 'k' }, 'an escaped name is the name')
})

t.test('whatever two parsers could read as two keys', async (t) => {
  for (const text of [
    '{"KeyId":"a","KeyId":"b"}',
    '{"KeyId":"a","KeyId":"a"}',
    '{"KeyId":"a","\\u004beyId":"b"}',
    '{"n":{"x":1,"x":2}}',
    '[{"x":1,"x":2}]',
    '{"__proto__":1,"__proto__":2}',
    '\ufeff{"KeyId":"a"}',
    '{/*"KeyId":"a"*/"KeyId":"b"}',
    '{"KeyId":"a",}',
    "{'KeyId':'a'}",
    '{"KeyId":NaN}',
    '{"KeyId":"a"}{"KeyId":"b"}',
    '[]',
    '"KeyId"',
    'null',
    '',
    'KeyId=a',
  ]) {
    t.equal(parse(text), null, text)
  }
  t.equal(parse(Buffer.from('{"KeyId":"\xe9"}', 'latin1')), null, 'no UTF-8')
  t.equal(parse(Buffer.from('{"KeyId":"a"}', 'utf16le')), null, 'UTF-16')
  t.equal(parse(`{"a":"${'x'.repeat(1_048_576)}"}`), null, 'too long to be parsed')
  t.equal(parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(99_999)}`), null)
  t.ok(parse(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`), 'depth is no mistake')
})

t.test('any JSON object that was written once is read as it is', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value)
      t.same(parse(text), JSON.parse(text))
    }),
    { numRuns: 50 },
  )
})

t.test('a name in another case', async (t) => {
  for (const name of ['keyId', 'KEYID', '\u212aeyId']) {
    t.ok(hasOtherCase({ KeyId: 'a', [name]: 'b' }, ['KeyId']), name)
    t.ok(hasOtherCase({ [name]: 'b' }, ['KeyId']), name)
    t.ok(hasOtherCase({ data: { [name]: 'b' } }, ['data', 'KeyId']), name)
  }
  t.ok(hasOtherCase({ Data: { KeyId: 'a' } }, ['data', 'KeyId']))
  t.notOk(hasOtherCase({ KeyId: 'a', KeyIds: 'b', data: { keyid: 'c' } }, ['KeyId']))
  t.notOk(hasOtherCase({ KeyId: 'a' }, ['KeyId', 'x']))
  t.notOk(hasOtherCase(undefined, ['KeyId']))
})
