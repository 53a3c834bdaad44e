import { Progress } from './progress.ts'
import { StoreFailure } from './store-failure.ts'

/** What recording needs: the two threads, and the files that they have open. */
export type Part = 'journal' | 'rings' | 'files'

/** Told when a part fails, and (null) when it works again; once for each change. */
export type OnHealth = (part: Part, failure: StoreFailure | null) => void

/** Absolute positions in the queue, see queue.ts. */
export interface Positions {
  readonly published: number
  readonly committed: number
  readonly applied: number
}

/** Which parts can't do their work, and why; notices threads that do not move. */
export class Health {
  readonly #deadlineMs: number
  readonly #onHealth: OnHealth
  readonly #failures = new Map<Part, StoreFailure>()
  readonly #journal = new Progress()
  readonly #rings = new Progress()
  /** Failures of parts that say nothing themselves. */
  readonly #stuck = new Map<Part, StoreFailure>()
  #first: StoreFailure | null = null

  constructor(deadlineMs: number, onHealth: OnHealth) {
    this.#deadlineMs = deadlineMs
    this.#onHealth = onHealth
  }

  /** Why nothing new can be recorded; null where it can. */
  get failure(): StoreFailure | null {
    return this.#first
  }

  /** Why what is queued may not become durable; null where it will. */
  get journalFailure(): StoreFailure | null {
    return this.#failures.get('journal') ?? this.#failures.get('files') ?? null
  }

  /** All failures, in words. */
  get problems(): string[] {
    return [...this.#failures.values()].map(({ message }) => message)
  }

  set(part: Part, failure: StoreFailure | null): void {
    const known = this.#failures.get(part)
    if (failure === null) this.#failures.delete(part)
    else this.#failures.set(part, failure)
    this.#first = this.#failures.values().next().value ?? null
    if (known?.message !== failure?.message) this.#onHealth(part, failure)
  }

  /**
   * Looks whether the threads move; one that is late for longer than the deadline fails until it does. `waited`:
   * ms that the first in the journal's line has waited; `now` is that of a monotonic clock, in ms. Returns why
   * nobody should wait for the journal any longer, if that is so.
   */
  check({ published, committed, applied }: Positions, waited: number, now: number): StoreFailure | null {
    this.#judge('journal', Math.max(waited, this.#journal.stalledFor(committed, published, now)))
    this.#judge('rings', this.#rings.stalledFor(applied, committed, now))
    return waited >= this.#deadlineMs ? (this.journalFailure ?? this.#first) : null
  }

  #judge(part: Part, lateMs: number): void {
    const stuck = this.#stuck.get(part)
    if (lateMs >= this.#deadlineMs && !this.#failures.has(part)) {
      const failure = new StoreFailure('deadline', `the ${part} took longer than ${this.#deadlineMs} ms`)
      this.#stuck.set(part, failure)
      this.set(part, failure)
    } else if (stuck !== undefined && lateMs < this.#deadlineMs) {
      this.#stuck.delete(part)
      if (this.#failures.get(part) === stuck) this.set(part, null)
    }
  }
}
