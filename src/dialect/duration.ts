const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A duration as {@link parseDuration} reads it. */
export const durationPattern = '^[1-9][0-9]{0,8}(ms|s|m|h|d)$'

/** Milliseconds of `72h`, `30d`, `500ms` …; throws for a text that {@link durationPattern} does not match. */
export function parseDuration(text: string): number {
  const amount = Number.parseInt(text, 10)
  const unit = unitMs[text.slice(String(amount).length)]
  if (unit === undefined) throw new TypeError(`expected a duration such as 72h, found ${text}`)
  return amount * unit
}
