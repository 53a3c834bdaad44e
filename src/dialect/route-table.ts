import type { Route } from './route.ts'

/** One place in the paths that the routes know. */
interface Node {
  readonly literals: Map<string, Node>
  /** Behind any one segment. */
  one: Node | null
  /** Behind any one or more segments. */
  many: Node | null
  /** Routes that end here, by method. */
  readonly routes: Map<string, Route>
}

/** Routes by path and method: a trie of maps. */
export type RouteTable = Node

/** The word that stands for every method which no other route of the path names. */
const anyMethod = 'ANY'

function emptyNode(): Node {
  return { literals: new Map(), one: null, many: null, routes: new Map() }
}

export function buildRouteTable(routes: readonly Route[]): RouteTable {
  const root = emptyNode()
  for (const route of routes) {
    let node = root
    for (const segment of route.path) {
      let next = segment.kind === 'literal' ? node.literals.get(segment.text) : node[segment.kind]
      if (next === undefined || next === null) {
        next = emptyNode()
        if (segment.kind === 'literal') node.literals.set(segment.text, next)
        else node[segment.kind] = next
      }
      node = next
    }
    node.routes.set(route.method, route)
  }
  return root
}

/** The route of a request, or null. A literal goes before a name, and a name before a part of any length. */
export function findRoute(table: RouteTable, segments: readonly string[], method: string): Route | null {
  return descend(table, segments, 0, method)
}

/** Some route that knows the path, whatever the method; null where none does. */
export function findPath(table: RouteTable, segments: readonly string[]): Route | null {
  return descend(table, segments, 0, null)
}

/**
 * Every node is visited at most once for each segment it can stand at, because a path has at most one part of any
 * length: the work is bounded by the number of segments times the nodes below it.
 */
function descend(node: Node, segments: readonly string[], at: number, method: string | null): Route | null {
  const segment = segments[at]
  if (segment === undefined) return routeHere(node, method)
  const literal = node.literals.get(segment)
  if (literal !== undefined) {
    const route = descend(literal, segments, at + 1, method)
    if (route !== null) return route
  }
  // An empty segment names nothing.
  if (segment === '') return null
  if (node.one !== null) {
    const route = descend(node.one, segments, at + 1, method)
    if (route !== null) return route
  }
  if (node.many === null) return null
  for (let next = at + 1; next <= segments.length; next += 1) {
    const route = descend(node.many, segments, next, method)
    if (route !== null) return route
  }
  return null
}

function routeHere({ routes }: Node, method: string | null): Route | null {
  if (method !== null) return routes.get(method) ?? routes.get(anyMethod) ?? null
  for (const route of routes.values()) return route
  return null
}
