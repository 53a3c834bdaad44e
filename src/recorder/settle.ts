import { Control, Queue, type SharedQueue } from './queue.ts'

/** Longest a reader waits for the rings, in ms; after that it answers with what is in them. */
const BOUND_MS = 250

/**
 * Makes a function that returns once everything durable at its call is in the rings. It blocks its thread for
 * the few milliseconds that takes, so it is for readers' threads only, never for the proxy's.
 */
export function createSettle(shared: SharedQueue): () => void {
  const { control } = new Queue(shared)
  return () => {
    const target = Atomics.load(control, Control.committed)
    const deadline = performance.now() + BOUND_MS
    for (;;) {
      const applied = Atomics.load(control, Control.applied)
      const left = deadline - performance.now()
      // Positions are the low 32 bits of absolute offsets: their difference is what counts.
      if (((target - applied) | 0) <= 0 || left <= 0) return
      Atomics.add(control, Control.flush, 1)
      Atomics.notify(control, Control.flush)
      Atomics.wait(control, Control.applied, applied, left)
    }
  }
}
