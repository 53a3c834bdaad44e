/** Tells how long somebody who has something to do has not moved on. */
export class Progress {
  /** None so far. */
  #position = -1
  #since = 0

  /** ms since `position` has moved, or was where it is to get (`goal`); `now` is that of a monotonic clock, in ms. */
  stalledFor(position: number, goal: number, now: number): number {
    if (position !== this.#position || position === goal) {
      this.#position = position
      this.#since = now
    }
    return now - this.#since
  }
}
