/** Moves the clocks, in ms: for good, or as a test goes on to say through memory that all threads share. */
export type ClockOffset = number | MovingOffset

/** By how much somebody has set the system's clock, and how much time has passed, which every clock tells. */
type MovingOffset = Float64Array

/** The system's clock, moved: Unix ms. */
export function movedClock(offset: ClockOffset): () => number {
  if (typeof offset === 'number') return () => Date.now() + offset
  return () => Date.now() + (offset[0] ?? 0) + (offset[1] ?? 0)
}

/** The clock that nobody sets, moved: ms since some moment. */
export function movedMonotonic(offset: ClockOffset): () => number {
  if (typeof offset === 'number') return () => performance.now()
  return () => performance.now() + (offset[1] ?? 0)
}
