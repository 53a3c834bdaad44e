import { KeytrailError } from '../errors.ts'
import type { RingName } from '../store/reader.ts'

/** A number above 0, with or without a fraction; null for other text, as of all these. */
export function parsePositive(text: string): number | null {
  const value = Number(text)
  return /^\d+(\.\d+)?$/.test(text) && value > 0 ? value : null
}

/** A whole number above 0. */
export function parseCount(text: string): number | null {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null
}

/** A port that two more follow. */
export function parseFirstPort(text: string): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_533 ? Number(text) : null
}

/** The URL as it is. */
export function parseHttpUrl(text: string): string | null {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol) ? text : null
}

/** The ring a key names, or that of unattributed requests; throws `QUERY_INVALID` for both or neither. */
export function ringOf(key: string | undefined, unattributed: boolean): RingName {
  if (unattributed && key === undefined) return { kind: 'unattributed' }
  if (!unattributed && key !== undefined) return { kind: 'key', key }
  throw new KeytrailError(
    'QUERY_INVALID',
    `expected a key or --unattributed, found ${unattributed ? 'both' : 'neither'}`,
  )
}
