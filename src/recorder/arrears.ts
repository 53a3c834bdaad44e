/** What could not be recorded for want of room, until the history can be told. */
export class Arrears {
  /** Tickets of intents whose record found no room: they stay `unknown`. */
  readonly #tickets: number[] = []
  /** Records lost for good, by key. */
  readonly #lost = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#tickets.length === 0 && this.#lost.size === 0
  }

  abandon(ticket: number): void {
    this.#tickets.push(ticket)
  }

  lose(key: string): void {
    this.#lost.set(key, (this.#lost.get(key) ?? 0) + 1)
  }

  /** Takes out one debt at a time; each callback returns false where there is still no room for it. */
  settle(abandoned: (ticket: number) => boolean, lost: (key: string, count: number) => boolean): void {
    for (let ticket = this.#tickets[0]; ticket !== undefined; ticket = this.#tickets[0]) {
      if (!abandoned(ticket)) return
      this.#tickets.shift()
    }
    for (const [key, count] of this.#lost) {
      if (!lost(key, count)) return
      this.#lost.delete(key)
    }
  }
}
