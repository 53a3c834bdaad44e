import type { Language, Zone } from './preferences.ts'

/** Writes times in one zone, and numbers in one language. */
export interface Formats {
  /** `2026-10-01 11:59:00`, the same order in every language. */
  readonly second: (ms: number) => string
  /** The milliseconds behind it, `.042`. */
  readonly fraction: (ms: number) => string
  /** `10-01 11:59` */
  readonly minute: (ms: number) => string
  /** `3 minutes ago` */
  readonly ago: (ms: number, now: number) => string
  readonly count: (count: number) => string
  /** `Asia/Seoul (UTC+9)` */
  readonly zone: string
}

const cache = new Map<string, Formats>()

export function formatsOf(language: Language, zone: Zone): Formats {
  const name = `${language} ${zone}`
  const known = cache.get(name) ?? createFormats(language, zone)
  cache.set(name, known)
  return known
}

function createFormats(language: Language, zone: Zone): Formats {
  const timeZone = zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
  // Swedish writes dates as ISO 8601 does.
  const second = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  const number = new Intl.NumberFormat(language)
  return {
    second: (ms) => second.format(ms),
    fraction: (ms) => `.${String(ms % 1000).padStart(3, '0')}`,
    minute: (ms) => second.format(ms).slice(5, 16),
    ago: (ms, now) => agoText(relative, (ms - now) / 1000),
    count: (count) => number.format(count),
    zone: timeZone === 'UTC' ? 'UTC' : `${timeZone} (${offsetText(timeZone)})`,
  }
}

function agoText(relative: Intl.RelativeTimeFormat, seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 60) return relative.format(Math.round(seconds), 'second')
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}

function offsetText(timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }).formatToParts()
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? '').replace('GMT', 'UTC')
}

/** The value of a datetime-local field for `ms`, in the zone that times are shown in. */
export function fieldText(formats: Formats, ms: number): string {
  return formats.second(ms).replace(' ', 'T')
}

/** Unix ms of a datetime-local field's value; NaN for none. */
export function fieldTime(text: string, zone: Zone): number {
  return Date.parse(zone === 'utc' ? `${text}Z` : text)
}
