import t from 'tap'
import { answerError, compileErrorShapes, fillTemplate, statusesOf } from '../../src/dialect/error-answer.ts'

t.test('statusesOf', async (t) => {
  t.same([...statusesOf(404)], [404])
  t.same([...statusesOf([404, 503])], [404, 503])
  const ok = statusesOf('2xx')
  t.equal(ok.size, 100)
  t.ok(ok.has(200) && ok.has(299) && !ok.has(300) && !ok.has(199))
  t.ok(statusesOf([200, '3xx']).has(304))
})

t.test('the first shape of a status, and the one of all others', async (t) => {
  const shapes = compileErrorShapes([
    { status: 403, body: '{"a":"{reason}"}' },
    { status: '4xx', body: '{"b":{status}}', contentType: 'application/problem+json' },
    { body: '{"c":"{reason}"}' },
  ])
  t.same(answerError(shapes, 403, 'no'), { status: 403, contentType: 'application/json', body: '{"a":"no"}' })
  t.same(answerError(shapes, 404, 'no'), {
    status: 404,
    contentType: 'application/problem+json',
    body: '{"b":404}',
  })
  t.equal(answerError(shapes, 502, 'no').body, '{"c":"no"}')
})

t.test('a reason can be any text', async (t) => {
  for (const reason of ['"', '\\', '\n\0', '</script>', '{status}', '{reason}', '$&$1', '\u2028', '\ud800']) {
    const body = fillTemplate('{"s":{status},"r":"{reason}"}', 500, reason)
    t.same(JSON.parse(body), { s: 500, r: reason })
    t.notMatch(body, /[<>]/)
  }
})
