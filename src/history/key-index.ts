import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyUse, Reader } from '../store/reader.ts'
import type { Batch } from './listing.ts'

/** Keys read or looked at in one turn. */
const TURN = 2000
/** How often an index in use follows what the store notes of changed keys: long before those notes are dropped. */
const FOLLOW_MS = 5000
/** An index that nobody asked for this long is given up: it takes some 150 bytes a key. */
const KEPT_MS = 10 * 60_000

interface PageOptions {
  readonly limit: number
  readonly budget: number
  readonly shows: (key: string) => boolean
}

/**
 * All keys in the order of their last use, newest first, keys without one last. Built in memory when it is first
 * asked for, by reading the keys' states and no ring, and from then on kept up to date from the store's notes of
 * changed keys: appending a record pays nothing for it.
 */
export class KeyIndex {
  readonly #reader: Reader
  readonly #uses = new Map<string, KeyUse>()
  /** The values of {@link KeyIndex.#uses} in order. */
  #sorted: KeyUse[] = []
  #position: number | null = null
  #building: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #lastAsked = 0

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Brings the index up to date: at once, or within the time that reading all keys takes. */
  async refresh(): Promise<void> {
    this.#lastAsked = performance.now()
    if (this.#building === null && !this.#follow()) {
      this.#building = this.#build().finally(() => {
        this.#building = null
      })
    }
    if (this.#building !== null) await this.#building
  }

  /**
   * Up to `limit` of the keys behind `position` ('' to start) that `shows` lets through, having looked at `budget`
   * keys at most; `next` is where to go on, null at the end.
   */
  async page(position: string, { limit, budget, shows }: PageOptions): Promise<Batch<KeyUse>> {
    const entries: KeyUse[] = []
    let last = position
    for (let seen = 0; seen < budget; await nextTurn()) {
      // Meanwhile keys may have moved: the place is looked up anew in each turn.
      let place = last === '' ? 0 : this.#placeBehind(parsePosition(last))
      const end = Math.min(this.#sorted.length, place + Math.min(TURN, budget - seen))
      seen += end - place
      for (; place < end && entries.length < limit; place++) {
        const use = this.#sorted[place] as KeyUse
        if (shows(use.key)) entries.push(use)
        last = `${use.lastUse} ${use.key}`
      }
      if (place === this.#sorted.length) return { entries, next: null }
      if (entries.length === limit) break
    }
    return { entries, next: last }
  }

  /** Takes out a key that was found to have no ring any more. */
  forget(key: string): void {
    const known = this.#uses.get(key)
    if (known === undefined) return
    this.#uses.delete(key)
    this.#sorted = this.#merged(new Set([known]), [])
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#position = null
    this.#sorted = []
    this.#uses.clear()
  }

  async #build(): Promise<void> {
    // Changes are noted from here on, so that none of them falls between reading and following.
    const { position } = this.#reader.keyChanges(null)
    this.#uses.clear()
    for (let after = ''; ; ) {
      const uses = this.#reader.keyUses(after, TURN)
      for (const use of uses) this.#uses.set(use.key, use)
      if (uses.length < TURN) break
      after = uses.at(-1)?.key ?? ''
      await nextTurn()
    }
    this.#sorted = [...this.#uses.values()].sort(compare)
    this.#position = position
    this.#follow()
    this.#timer ??= setInterval(() => this.#tend(), FOLLOW_MS).unref()
  }

  #tend(): void {
    if (this.#building !== null) return
    if (performance.now() - this.#lastAsked > KEPT_MS || !this.#follow()) this.close()
  }

  /** Takes in what has changed; false where only reading all keys tells. */
  #follow(): boolean {
    if (this.#position === null) return false
    const { keys, position } = this.#reader.keyChanges(this.#position)
    if (keys === null) return false
    this.#position = position
    const stale = new Set<KeyUse>()
    const moved: KeyUse[] = []
    for (const key of keys) {
      const use = this.#reader.keyUse(key)
      const known = this.#uses.get(key)
      if (use?.lastUse === known?.lastUse) continue
      if (known !== undefined) stale.add(known)
      if (use === null) this.#uses.delete(key)
      else {
        this.#uses.set(key, use)
        moved.push(use)
      }
    }
    if (stale.size + moved.length > 0) this.#sorted = this.#merged(stale, moved.sort(compare))
    return true
  }

  /** What is in order, without the stale ones and with the moved ones in their new places. */
  #merged(stale: ReadonlySet<KeyUse>, moved: readonly KeyUse[]): KeyUse[] {
    const merged: KeyUse[] = []
    let next = 0
    for (const use of this.#sorted) {
      if (stale.has(use)) continue
      for (let one = moved[next]; one !== undefined && compare(one, use) < 0; one = moved[++next])
        merged.push(one)
      merged.push(use)
    }
    return merged.concat(moved.slice(next))
  }

  #placeBehind(use: KeyUse): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#sorted[middle] as KeyUse, use) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function parsePosition(position: string): KeyUse {
  const space = position.indexOf(' ')
  return { lastUse: Number(position.slice(0, space)), key: position.slice(space + 1) }
}

function compare(one: KeyUse, other: KeyUse): number {
  if (one.lastUse !== other.lastUse) return other.lastUse - one.lastUse
  if (one.key === other.key) return 0
  return one.key < other.key ? -1 : 1
}
