import type { SelectorDescription } from './description.ts'
import { findHeader } from './header.ts'
import type { Route } from './route.ts'
import { anySelector, isAction } from './route-line.ts'
import { buildRouteTable, findPath, findRoute, type RouteTable } from './route-table.ts'

/** A header that tells the requests of one path apart. */
export interface Selector {
  /** Lower case. */
  readonly header: string
  /** Dropped from the header's value where it starts so. */
  readonly prefix: string
  /** Method and path do not count: the upstream does not look at them. */
  readonly alone: boolean
  /** Routes by what the header must hold; those of {@link anySelector} take what the others don't. */
  readonly tables: ReadonlyMap<string, RouteTable>
}

/** Sorts the routes that look at the header by what they want of it. */
export function compileSelector(
  { header, prefix = '', alone = false }: SelectorDescription,
  routes: readonly Route[],
): Selector {
  const groups = new Map<string, Route[]>()
  for (const route of routes) {
    if (route.selector === '') continue
    const group = groups.get(route.selector)
    if (group === undefined) groups.set(route.selector, [route])
    else group.push(route)
  }
  const tables = new Map<string, RouteTable>()
  for (const [selector, group] of groups) tables.set(selector, buildRouteTable(group))
  return { header: header.toLowerCase(), prefix, alone, tables }
}

/**
 * What the header holds; '' without one, and null where two readers could take it for different actions: it stands
 * there twice, be it with the same value, or is no plain word.
 */
export function readSelector({ header, prefix }: Selector, rawHeaders: readonly string[]): string | null {
  const at = findHeader(rawHeaders, header, 0)
  if (at < 0) return ''
  if (findHeader(rawHeaders, header, at + 1) >= 0) return null
  const value = rawHeaders[at] ?? ''
  const selected = prefix !== '' && value.startsWith(prefix) ? value.slice(prefix.length) : value
  return isAction(selected) ? selected : null
}

/** The route of a request whose header holds `selected`; null where none wants it. */
export function findSelected(
  selector: Selector | null,
  selected: string,
  segments: readonly string[],
  method: string,
): Route | null {
  if (selector === null) return null
  for (const wanted of [selected, anySelector]) {
    const table = selector.tables.get(wanted)
    if (table === undefined) continue
    const route = selector.alone ? findPath(table, []) : findRoute(table, segments, method)
    if (route !== null) return route
  }
  return null
}
