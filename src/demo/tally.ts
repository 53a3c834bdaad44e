import type { Expectation } from '../devkms/traffic/expectation.ts'
import type { Outcome } from '../record.ts'

/** Counts what was sent while it is being sent; the traffic itself remembers the newest only. */
export class Tally {
  readonly outcomes: Record<Outcome, number> = { success: 0, failure: 0, unknown: 0 }
  newest: Expectation | null = null
  readonly #sent: readonly Expectation[]
  readonly #byKey = new Map<string, number>()

  constructor(sent: readonly Expectation[]) {
    this.#sent = sent
  }

  get total(): number {
    const { success, failure, unknown } = this.outcomes
    return success + failure + unknown
  }

  /** Counts what has been sent since the last call. */
  update(): void {
    // The oldest are forgotten in one go, so places move; the newest one counted is still there.
    const start = this.newest === null ? 0 : this.#sent.lastIndexOf(this.newest) + 1
    for (const one of this.#sent.slice(start)) {
      this.outcomes[one.outcome]++
      this.newest = one
      if (one.key !== '') this.#byKey.set(one.key, (this.#byKey.get(one.key) ?? 0) + 1)
    }
  }

  /** The key that most requests were about; null before one has been used beyond its creation. */
  busiestKey(): string | null {
    const [busiest] = [...this.#byKey].sort(([, a], [, b]) => b - a)
    return busiest === undefined || busiest[1] < 2 ? null : busiest[0]
  }
}
