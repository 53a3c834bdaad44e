import t from 'tap'
import { parseRouteLine, type RouteLine, shapeOf } from '../../src/dialect/route-line.ts'

function parse(line: string): { route: RouteLine | null; mistakes: string[] } {
  const mistakes: string[] = []
  return { route: parseRouteLine(line, (reason) => mistakes.push(reason)), mistakes }
}

t.test('a route', async (t) => {
  const { route, mistakes } = parse('POST /v1/{key}/versions/{version}   ->  use-it   use')
  t.same(mistakes, [])
  t.same(route, {
    method: 'POST',
    path: [
      { kind: 'literal', text: 'v1' },
      { kind: 'one', text: 'key' },
      { kind: 'literal', text: 'versions' },
      { kind: 'one', text: 'version' },
    ],
    selector: '',
    action: 'use-it',
    class: 'use',
  })
  t.same(parse('GET / -> home read').route?.path, [])
  t.match(parse('POST /#Encrypt -> e use').route, { path: [], selector: 'Encrypt' })
  t.match(parse('ANY /{a+}#{action} -> e use').route, { path: [{ text: 'a' }], selector: '{action}' })
  t.same(parse('ANY /a/{key+}/b -> x manage').route?.path[1], { kind: 'many', text: 'key' })
})

/** Each with the number of mistakes to be told. */
const mistaken: readonly (readonly [string, number])[] = [
  ['', 1],
  ['GET /a', 1],
  ['GET /# -> a read', 1],
  ['GET /#{key} -> a read', 1],
  ['GET /#a#b -> a read', 1],
  ['GET /a -> b', 1],
  ['GET /a => b read', 1],
  ['GET /a -> b read { key: 1 }', 1],
  ['get /a -> b read', 1],
  ['GET a -> b read', 1],
  ['GET /a/ -> b read', 1],
  ['GET //a -> b read', 1],
  ['GET /a?x -> b read', 1],
  ['GET /%61 -> b read', 1],
  ['GET /a/.. -> b read', 1],
  ['GET /{} -> b read', 1],
  ['GET /{Key} -> b read', 1],
  ['GET /x{key} -> b read', 1],
  ['GET /{key}/{key} -> b read', 1],
  ['GET /{a+}/{b+} -> b read', 1],
  ['GET /a -> b readonly', 1],
  ['GET /a -> -b read', 1],
  [`GET /a -> ${'b'.repeat(65)} read`, 1],
  ['get a -> !b reed', 4],
]

for (const [line, count] of mistaken) {
  t.test(`'${line}'`, async (t) => {
    const { route, mistakes } = parse(line)
    t.equal(route, null)
    t.equal(mistakes.length, count)
  })
}

t.test('routes of one shape match the same requests', async (t) => {
  const shape = (line: string): string => {
    const { route } = parse(line)
    return route === null ? '' : shapeOf(route)
  }
  t.equal(shape('GET /a/{key} -> b read'), shape('GET /a/{name} -> c use'))
  t.not(shape('GET /a/{key} -> b read'), shape('POST /a/{key} -> b read'))
  t.not(shape('GET /a/{key} -> b read'), shape('GET /a/{key+} -> b read'))
  t.not(shape('GET /a/b -> b read'), shape('GET /a/{key} -> b read'))
})
