import { Control, Queue, type SharedQueue } from './queue.ts'

/** Longest a reader waits for the rings, in ms: far more than a slow disk needs for a batch. */
const BOUND_MS = 2000

/**
 * Makes a function that returns once everything durable at its call is in the rings. It blocks its thread for
 * the few milliseconds that takes, so it is for readers' threads only, never for the proxy's. Where the rings make
 * no progress within the bound, it gives up, and from then on at once, until they do: readers are then told what
 * the rings have, and `/readyz` why that is not all.
 */
export function createSettle(shared: SharedQueue): () => void {
  const { control } = new Queue(shared)
  let stuckAt: number | null = null
  return () => {
    const target = Atomics.load(control, Control.committed)
    const deadline = performance.now() + BOUND_MS
    for (;;) {
      const applied = Atomics.load(control, Control.applied)
      const left = deadline - performance.now()
      // Positions are the low 32 bits of absolute offsets: their difference is what counts.
      if (((target - applied) | 0) <= 0) return
      if (left <= 0) stuckAt = applied
      if (stuckAt === applied) return
      Atomics.add(control, Control.flush, 1)
      Atomics.notify(control, Control.flush)
      Atomics.wait(control, Control.applied, applied, left)
    }
  }
}
