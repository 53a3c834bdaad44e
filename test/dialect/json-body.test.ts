import t from 'tap'
import { mayBeJson, mayHoldArray, parseJson } from '../../src/dialect/json-body.ts'

t.test('parseJson', async (t) => {
  t.same(parseJson(Buffer.from('{"a":[1]}')), { a: [1] })
  t.same(parseJson(Buffer.from(' \r\n\t[1]')), [1])
  t.same(parseJson(Buffer.from('\ufeff{"a":"\u20ac"}')), { a: '\u20ac' })
  t.same(parseJson(new Uint8Array(Buffer.from('x{"a":1}').subarray(1))), { a: 1 })
  const shared = new Uint8Array(Buffer.from('xx{"a":1}yy'))
  t.same(parseJson(shared.subarray(2, 9)), { a: 1 }, 'a view of a larger buffer')
})

t.test('what is no JSON object or array holds no field', async (t) => {
  t.equal(parseJson(null), undefined)
  for (const text of ['', ' ', '{', '{"a":1}}', '"text"', '1', 'null', '<html>', '{a:1}', '\0']) {
    t.equal(parseJson(Buffer.from(text)), undefined, text)
  }
  t.equal(parseJson(Buffer.from('{"a":1}', 'utf16le')), undefined)
  t.equal(parseJson(Buffer.alloc(500_000, '[')), undefined)
  t.equal(parseJson(Buffer.from(JSON.stringify(['x'.repeat(1_048_576)]))), undefined, 'longer than the bound')
})

t.test('mayHoldArray', async (t) => {
  t.ok(mayHoldArray(Buffer.from('{"a":[]}')))
  t.notOk(mayHoldArray(Buffer.from('{"a":"b"}')))
})

t.test('mayBeJson', async (t) => {
  for (const type of [
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/problem+json',
    'text/plain',
    '',
  ]) {
    t.ok(mayBeJson(['Content-Type', type]), type)
  }
  t.ok(mayBeJson([]))
  for (const type of ['text/html', 'application/octet-stream', 'image/png', 'application/cbor']) {
    t.notOk(mayBeJson(['content-type', type]), type)
  }
})
