/** Most keys that losses are counted for one by one; those of further keys count as of no key. */
const MAX_KEYS = 10_000

/** What could not be recorded for want of room, until the history can be told. */
export class Arrears {
  /** Tickets of intents whose record found no room: they stay `unknown`. No more than exchanges are open. */
  readonly #tickets = new Set<number>()
  /** Records lost for good, by key. */
  readonly #lost = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#tickets.size === 0 && this.#lost.size === 0
  }

  abandon(ticket: number): void {
    this.#tickets.add(ticket)
  }

  lose(key: string): void {
    const counted = this.#lost.has(key) || this.#lost.size < MAX_KEYS ? key : ''
    this.#lost.set(counted, (this.#lost.get(counted) ?? 0) + 1)
  }

  /** Takes out one debt at a time; each callback returns false where there is still no room for it. */
  settle(abandoned: (ticket: number) => boolean, lost: (key: string, count: number) => boolean): void {
    for (const ticket of this.#tickets) {
      if (!abandoned(ticket)) return
      this.#tickets.delete(ticket)
    }
    for (const [key, count] of this.#lost) {
      if (!lost(key, count)) return
      this.#lost.delete(key)
    }
  }
}
