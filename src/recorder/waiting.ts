import type { KeytrailError } from '../errors.ts'

/** Somebody who may go on only once an entry is durable as the mode says. */
export interface Waiter {
  /** Called once; with an error where the entry could not be made durable. */
  onJournalled(error: KeytrailError | null): void
}

/** Those waiting, in the order of their entries; a ring of parallel arrays, so that waiting allocates nothing. */
export class Waiting {
  #waiters: (Waiter | null)[] = new Array(1024).fill(null)
  /** Absolute position behind the waiter's entry. */
  #ends = new Float64Array(1024)
  /** When it began to wait, in ms of a monotonic clock. */
  #since = new Float64Array(1024)
  #first = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** When the longest-waiting began; Infinity where nobody waits. */
  get oldestSince(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : (this.#since[this.#first] as number)
  }

  add(waiter: Waiter, end: number, now: number): void {
    if (this.#count === this.#waiters.length) this.#grow()
    const place = (this.#first + this.#count++) & (this.#waiters.length - 1)
    this.#waiters[place] = waiter
    this.#ends[place] = end
    this.#since[place] = now
  }

  /** Lets all go on whose entries end at or before `position`. */
  release(position: number): void {
    while (this.#count > 0 && (this.#ends[this.#first] as number) <= position) this.#take().onJournalled(null)
  }

  /** Ends the wait of all who wait now. */
  fail(error: KeytrailError): void {
    for (let left = this.#count; left > 0; left--) this.#take().onJournalled(error)
  }

  #take(): Waiter {
    const place = this.#first
    const waiter = this.#waiters[place] as Waiter
    this.#waiters[place] = null
    this.#first = (place + 1) & (this.#waiters.length - 1)
    this.#count--
    return waiter
  }

  #grow(): void {
    const size = this.#waiters.length
    const waiters: (Waiter | null)[] = new Array(size * 2).fill(null)
    const ends = new Float64Array(size * 2)
    const since = new Float64Array(size * 2)
    for (let i = 0; i < size; i++) {
      const place = (this.#first + i) & (size - 1)
      waiters[i] = this.#waiters[place] as Waiter
      ends[i] = this.#ends[place] as number
      since[i] = this.#since[place] as number
    }
    this.#waiters = waiters
    this.#ends = ends
    this.#since = since
    this.#first = 0
  }
}
