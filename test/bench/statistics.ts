/** The middle of some figures and how far they lie apart. */
export interface Summary {
  readonly median: number
  /** Half the distance between the smallest and the largest, as a share of the median. */
  readonly spread: number
}

export function summarize(figures: readonly number[]): Summary {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = quantile(sorted, 0.5)
  const range = quantile(sorted, 1) - quantile(sorted, 0)
  return { median: middle, spread: middle === 0 ? 0 : range / 2 / middle }
}

/** The figure below which a share of `sorted` lies, interpolated; NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low + (high - low) * (place - below)
}
