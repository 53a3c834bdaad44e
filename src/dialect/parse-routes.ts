import { Value } from '@sinclair/typebox/value'
import { checkRoute, type ReportMistake, type ValuePath } from './check-description.ts'
import { type RouteDescription, RouteOptions } from './description.ts'
import { reportMismatches } from './mismatch.ts'
import { lookUp } from './pointer.ts'
import { parseRouteLine, shapeOf } from './route-line.ts'

/**
 * Reads the list `routes`, each a line or a line with its options; reports every mistake. `selector`: the file's.
 */
export function parseRoutes(
  items: readonly unknown[],
  selector: unknown,
  report: ReportMistake,
): RouteDescription[] {
  const routes: RouteDescription[] = []
  const shapes = new Set<string>()
  for (const [i, item] of items.entries()) {
    const route = parseRoute(item, ['routes', i], report)
    if (route === null) continue
    routes.push(route)
    const shape = shapeOf(route)
    if (shapes.has(shape)) report(['routes', i], `an earlier route matches the same requests: ${shape}`)
    shapes.add(shape)
    if (route.selector === '') continue
    if (selector === undefined) report(['routes', i], 'a # in a route needs the option selector')
    if (lookUp(selector, ['alone']) === true && route.path.length > 0)
      report(['routes', i], 'expected the path /, for the selector counts alone')
  }
  return routes
}

function parseRoute(item: unknown, path: ValuePath, report: ReportMistake): RouteDescription | null {
  const [text, options] = splitItem(item)
  if (text === null) {
    report(path, 'expected `METHOD PATH -> action class`, or the same with a colon and options')
    return null
  }
  const line = parseRouteLine(text, (reason) => report(path, reason))
  const optionsPath = typeof item === 'string' ? path : [...path, text]
  reportMismatches(RouteOptions, options, optionsPath, report)
  if (line === null || !Value.Check(RouteOptions, options)) return null
  checkRoute(line, options, optionsPath, report)
  return { ...line, options }
}

/** The line and the options of an item; the line is null where the item is neither form. */
function splitItem(item: unknown): readonly [string | null, unknown] {
  if (typeof item === 'string') return [item, {}]
  if (typeof item !== 'object' || item === null) return [null, null]
  const pairs = Object.entries(item)
  const [only] = pairs
  return only === undefined || pairs.length > 1 ? [null, null] : only
}
