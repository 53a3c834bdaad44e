import { parseDuration } from '../config/quantity.ts'
import { parseInstant } from '../history/instant.ts'

/**
 * Reads a point in time: Unix ms, RFC 3339 (`2026-10-01T02:03:04Z`), or how long ago (`90s`, `2h`, `7d`).
 * `now` and the result are Unix ms; null for anything else.
 */
export function parseMoment(text: string, now: number): number | null {
  const instant = parseInstant(text)
  if (instant !== null) return instant
  const ago = /[a-z]$/.test(text) ? parseDuration(text) : null
  return ago === null || ago > now ? null : now - ago
}
