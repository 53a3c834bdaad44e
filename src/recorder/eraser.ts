import type { LiveSegments } from './live-segments.ts'
import { Control, type Queue } from './queue.ts'

/** Least time between two segments begun to erase, however many keys are destroyed. */
const ROLL_INTERVAL_MS = 500

/**
 * Sees to it that the journal's bytes of a destroyed ring are soon zeroed, although their segment is not full and
 * intents are open in it: has the journal go on in a new segment and the open intents repeated there, so that
 * the old ones can be recycled.
 */
export class Eraser {
  readonly #control: Int32Array
  readonly #segments: LiveSegments
  /** Segments with entries before this absolute position are to go; 0 for none. */
  #before = 0
  #nextRoll = 0
  /** Segments opened when the journal was last told to begin one; it has not, as long as it is the same number. */
  #rolledAt = -1

  constructor(queue: Queue, segments: LiveSegments) {
    this.#control = queue.control
    this.#segments = segments
  }

  /** Whether segments are waiting to be zeroed. */
  get pending(): boolean {
    return this.#before > 0
  }

  /** Everything before the absolute `position` is to be erased. */
  erase(position: number): void {
    this.#before = Math.max(this.#before, position)
  }

  /**
   * Does what can be done at `now` (ms of a monotonic clock) with everything before `applied` in the rings;
   * returns the tickets of the intents that are to be repeated.
   */
  step(applied: number, now: number): number[] {
    if (this.#before === 0) return []
    const segments = this.#segments
    if (segments.newestStart < this.#before) this.#roll(now)
    segments.recycle(applied)
    if (!segments.holdBefore(this.#before)) this.#before = 0
    return segments.holders(this.#before, now)
  }

  #roll(now: number): void {
    const opened = Atomics.load(this.#control, Control.segmentsOpened)
    if (opened === this.#rolledAt) {
      // It may have been about to wait as it was woken.
      Atomics.notify(this.#control, Control.head)
    } else if (now >= this.#nextRoll && this.#segments.hasFree) {
      this.#rolledAt = opened
      this.#nextRoll = now + ROLL_INTERVAL_MS
      Atomics.add(this.#control, Control.roll, 1)
      Atomics.notify(this.#control, Control.head)
    }
  }
}
