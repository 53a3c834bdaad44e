/** A period up to now, or one with both ends (Unix ms, inclusive). */
export type Period =
  | { readonly kind: 'last'; readonly name: PresetName }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }

export type PresetName = '1h' | '24h' | '7d' | '30d'

const HOUR = 3_600_000

/** What the picker offers: length in ms, and how many bars the picture has. */
export const PRESETS: Readonly<Record<PresetName, { readonly ms: number; readonly buckets: number }>> = {
  '1h': { ms: HOUR, buckets: 60 },
  '24h': { ms: 24 * HOUR, buckets: 48 },
  '7d': { ms: 7 * 24 * HOUR, buckets: 56 },
  '30d': { ms: 30 * 24 * HOUR, buckets: 60 },
}

export const PRESET_NAMES: readonly PresetName[] = ['1h', '24h', '7d', '30d']

export const DEFAULT_PERIOD: Period = { kind: 'last', name: '24h' }

/** The bounds at `now`; a period that ends now has no end, so that what comes in is in it. */
export function boundsOf(period: Period, now: number): { from: number; to: number | undefined } {
  if (period.kind === 'range') return { from: period.from, to: period.to }
  return { from: Math.max(0, now - PRESETS[period.name].ms), to: undefined }
}

export function bucketsOf(period: Period): number {
  return period.kind === 'last' ? PRESETS[period.name].buckets : 60
}

export function isPresetName(text: string | null): text is PresetName {
  return text !== null && Object.hasOwn(PRESETS, text)
}
