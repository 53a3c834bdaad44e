import t from 'tap'
import { captured, compileRoute, type Route } from '../../src/dialect/route.ts'
import { parseRouteLine } from '../../src/dialect/route-line.ts'
import { buildRouteTable, findPath, findRoute } from '../../src/dialect/route-table.ts'

function routeOf(line: string, index: number): Route {
  const route = parseRouteLine(line, (reason) => {
    throw new Error(reason)
  })
  if (route === null) throw new Error(line)
  return compileRoute({ ...route, options: {} }, index)
}

const table = buildRouteTable(
  [
    'GET / -> root read',
    'GET /keys -> list read',
    'GET /keys/fixed -> fixed read',
    'POST /keys/{key} -> one use',
    'GET /keys/{key}/{version} -> version read',
    'ANY /keys/{key}/{rest+} -> rest manage',
    'GET /projects/{key+} -> resource read',
    'GET /projects/{key+}/versions/{version} -> resource-version read',
    'ANY /{version}/projects/{key+}/secret -> secret manage',
  ].map(routeOf),
)

function find(method: string, ...segments: string[]): readonly [string, string, string] | null {
  const route = findRoute(table, segments, method)
  if (route === null) return null
  return [route.action, captured(route.keyInPath, segments), captured(route.versionInPath, segments)]
}

t.test('literals, names and parts of any length', async (t) => {
  t.same(find('GET'), ['root', '', ''])
  t.same(find('GET', 'keys'), ['list', '', ''])
  t.same(find('POST', 'keys', 'k'), ['one', 'k', ''])
  t.same(find('GET', 'keys', 'k', '7'), ['version', 'k', '7'])
  t.same(find('GET', 'projects', 'p'), ['resource', 'p', ''])
  t.same(find('GET', 'projects', 'p', 'l', 'k'), ['resource', 'p/l/k', ''])
  t.same(find('PATCH', 'v9', 'projects', 'p', 'q', 'secret'), ['secret', 'p/q', 'v9'])
})

t.test('a literal goes before a name, and a longer ending before a shorter one', async (t) => {
  t.same(find('GET', 'keys', 'fixed'), ['fixed', '', ''])
  t.same(find('POST', 'keys', 'fixed'), ['one', 'fixed', ''], 'where the literal has the method')
  t.same(find('GET', 'projects', 'p', 'versions', '1'), ['resource-version', 'p', '1'])
  t.same(find('GET', 'projects', 'a', 'versions', '1', 'versions', '2'), [
    'resource-version',
    'a/versions/1',
    '2',
  ])
})

t.test('ANY is for the methods that no other route names', async (t) => {
  t.same(find('POST', 'keys', 'k', '7'), ['rest', 'k', ''])
  t.same(find('GET', 'keys', 'k', '7', '8'), ['rest', 'k', ''])
})

t.test('no route', async (t) => {
  t.equal(find('GET', 'none'), null)
  t.equal(find('GET', 'Keys'), null, 'case counts')
  t.equal(find('DELETE', 'keys', 'k'), null)
  t.equal(find('POST', 'keys', ''), null, 'an empty segment is no name')
  t.equal(find('GET', 'projects'), null, 'a part of any length has at least one segment')
  t.equal(find('GET', 'toString'), null)
  t.equal(find('GET', '__proto__'), null)
})

t.test('a path is known whatever the method', async (t) => {
  t.equal(findPath(table, ['keys', 'k'])?.action, 'one')
  t.equal(findPath(table, ['none']), null)
})

t.test('a very long path takes no time', async (t) => {
  const segments = ['projects', ...Array.from({ length: 20_000 }, () => 'versions')]
  t.equal(findRoute(table, segments, 'POST'), null)
  t.equal(findRoute(table, segments, 'GET')?.action, 'resource-version')
})
