import { gatewayFailure } from './failure.ts'
import { type Route, routes } from './routes.ts'

/** A route with what its path names. */
export interface RouteMatch {
  readonly route: Route
  /** '' for a route without a key. */
  readonly keyTag: string
  /** '' for a route without a version. */
  readonly version: string
}

/**
 * The route of a raw path (without query). The path is split at `/` first and each segment decoded once, so an
 * encoded slash stays inside its segment. Fails with the gateway's Not Found or Bad Request.
 */
export function matchRoute(method: string, path: string): RouteMatch {
  const segments = path.startsWith('/') ? path.slice(1).split('/').map(decodeSegment) : []
  const route = routes.find((candidate) => fits(candidate, method, segments))
  if (route === undefined) throw gatewayFailure('not-found')
  return { route, keyTag: pick(route, '{key}', segments), version: pick(route, '{version}', segments) }
}

function fits(route: Route, method: string, segments: readonly string[]): boolean {
  return (
    route.method === method &&
    route.segments.length === segments.length &&
    route.segments.every((part, index) =>
      part.startsWith('{') ? segments[index] !== '' : part === segments[index],
    )
  )
}

function pick(route: Route, placeholder: string, segments: readonly string[]): string {
  return segments[route.segments.indexOf(placeholder)] ?? ''
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw gatewayFailure('bad-request')
  }
}
