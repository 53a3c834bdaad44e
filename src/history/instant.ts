/** Largest Unix ms a Date can hold (ECMA-262 21.4.1.1). */
const LATEST = 8_640_000_000_000_000

const UNIX_MS = /^\d{1,16}$/
/** RFC 3339 5.6; an offset's `+` may arrive as a space, which is what an unescaped one in a query means. */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+ -])(\d\d):(\d\d))$/

/**
 * Reads Unix ms (`1760000000000`) or an RFC 3339 date-time (`2026-10-01T02:03:04.567Z`,
 * `…+09:00`), cut to whole ms. Returns Unix ms, or null for anything else: a date without a time or a time
 * without an offset would mean another instant to each reader.
 */
export function parseInstant(text: string): number | null {
  if (UNIX_MS.test(text)) {
    const ms = Number(text)
    return ms <= LATEST ? ms : null
  }
  const match = DATE_TIME.exec(text)
  if (match === null) return null
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  if (hour > 23 || minute > 59 || second > 60 || part(9) > 23 || part(10) > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  date.setUTCHours(hour, minute, second, Number((match[7] ?? '').padEnd(3, '0').slice(0, 3)))
  const offset = (part(9) * 60 + part(10)) * 60_000
  const ms = date.getTime() + (match[8] === '-' ? offset : -offset)
  return ms >= 0 ? ms : null
}

/** Unix ms as this API writes every time: RFC 3339, UTC, milliseconds. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString()
}

/** {@link formatInstant}, keeping an absent time absent. */
export function formatOptionalInstant(ms: number | null): string | null {
  return ms === null ? null : formatInstant(ms)
}
