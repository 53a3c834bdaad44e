import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyUse, Reader } from '../store/reader.ts'
import { compareUses, firstOf, KeyOrder } from './key-order.ts'
import type { Batch } from './listing.ts'

/** Keys looked at in one turn. */
const TURN = 2000
/** Changed keys that are read in one turn. */
const FOLLOW_TURN = 500
/** How often an index in use follows what the store notes of changed keys: long before those notes are dropped. */
const FOLLOW_MS = 5000
/** An index that nobody asked for this long is given up. */
const KEPT_MS = 10 * 60_000
/** Beyond this many changed keys, and this share of all, the order is read anew. */
const MOST_CHANGED = 10_000
const CHANGED_SHARE = 1 / 8

/** What it needs of the store. */
type KeyReader = Pick<Reader, 'keyUses' | 'keyUse' | 'keyChanges'>

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
  readonly #reader: KeyReader
  #order: KeyOrder | null = null
  /** Keys that have another place than in {@link KeyIndex.#order}, or (null) none at all. */
  #changed = new Map<string, KeyUse | null>()
  /** Those that have one, in order; null where that is to be found out. */
  #moved: readonly KeyUse[] | null = null
  #position: number | null = null
  #building: Promise<void> | null = null
  #following: Promise<boolean> | null = null
  #timer: NodeJS.Timeout | null = null
  #lastAsked = 0

  constructor(reader: KeyReader) {
    this.#reader = reader
  }

  /** Brings the index up to date: at once, or within the time that reading all keys takes. */
  async refresh(): Promise<void> {
    this.#lastAsked = performance.now()
    if (!(await this.#follow())) await this.#build()
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
      const following = this.#usesBehind(last === '' ? null : parsePosition(last))
      for (const turnEnd = Math.min(seen + TURN, budget); seen < turnEnd; seen++) {
        if (entries.length === limit) return { entries, next: last }
        const { value: use } = following.next()
        if (use === undefined) return { entries, next: null }
        if (shows(use.key)) entries.push(use)
        last = `${use.lastUse} ${use.key}`
      }
    }
    return { entries, next: last }
  }

  /** Takes out a key that was found to have no ring any more. */
  forget(key: string): void {
    this.#changed.set(key, null)
    this.#moved = null
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#begin(null, null)
  }

  #begin(order: KeyOrder | null, position: number | null): void {
    this.#order = order
    this.#position = position
    this.#changed = new Map()
    this.#moved = null
  }

  /** The keys of the order and the moved ones, merged. */
  *#usesBehind(use: KeyUse | null): Generator<KeyUse, undefined> {
    this.#moved ??= [...this.#changed.values()].filter((one) => one !== null).sort(compareUses)
    const moved = this.#moved
    const order = this.#order
    let next = use === null ? 0 : firstOf(moved.length, (i) => compareUses(moved[i] as KeyUse, use) > 0)
    const length = order?.length ?? 0
    for (let place = use === null ? 0 : (order?.placeBehind(use) ?? 0); place < length; place++) {
      const found = order?.at(place) as KeyUse
      if (this.#changed.has(found.key)) continue
      for (let one = moved[next]; one !== undefined && compareUses(one, found) < 0; one = moved[++next])
        yield one
      yield found
    }
    yield* moved.slice(next)
  }

  #build(): Promise<void> {
    this.#building ??= this.#read().finally(() => {
      this.#building = null
    })
    return this.#building
  }

  /** What there was before goes on to be used meanwhile. */
  async #read(): Promise<void> {
    // Changes are noted from here on, so that none of them falls between reading and following.
    const { position } = this.#reader.keyChanges(null)
    const order = await KeyOrder.read(this.#reader)
    while (this.#following !== null) await this.#following
    this.#begin(order, position)
    this.#timer ??= setInterval(() => this.#tend(), FOLLOW_MS).unref()
    await this.#follow()
  }

  #tend(): void {
    if (this.#building !== null) return
    if (performance.now() - this.#lastAsked > KEPT_MS) this.close()
    else this.#follow().then((followed) => followed || this.close(), GIVEN_UP)
  }

  /** Takes in what has changed; false where only reading all keys tells. */
  async #follow(): Promise<boolean> {
    this.#following ??= this.#takeChanges().finally(() => {
      this.#following = null
    })
    const followed = await this.#following
    const most = Math.max(MOST_CHANGED, (this.#order?.length ?? 0) * CHANGED_SHARE)
    if (followed && this.#changed.size > most) this.#build().catch(GIVEN_UP)
    return followed
  }

  async #takeChanges(): Promise<boolean> {
    if (this.#position === null) return false
    const { keys, position } = this.#reader.keyChanges(this.#position)
    if (keys === null) return false
    let left = FOLLOW_TURN
    for (const key of keys) {
      this.#take(key)
      if (--left > 0) continue
      left = FOLLOW_TURN
      await nextTurn()
    }
    // Unless it was closed meanwhile.
    if (this.#position !== null) this.#position = position
    return this.#position !== null
  }

  #take(key: string): void {
    const use = this.#reader.keyUse(key)
    const known = this.#changed.get(key)
    const lastUse = known === undefined ? this.#order?.lastUse(key) : known?.lastUse
    if ((use?.lastUse ?? null) === (lastUse ?? null)) return
    this.#changed.set(key, use)
    this.#moved = null
  }
}

/** The next one to ask reads anew, and is told what is wrong. */
const GIVEN_UP = (): void => undefined

function parsePosition(position: string): KeyUse {
  const space = position.indexOf(' ')
  return { lastUse: Number(position.slice(0, space)), key: position.slice(space + 1) }
}
