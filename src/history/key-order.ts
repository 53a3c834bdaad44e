import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyUse, Reader } from '../store/reader.ts'

/** Keys read, and sorted, in one turn of the event loop: some ms. */
const CHUNK = 2000
/** Keys merged in one turn, less one: a mask. */
const MERGED = 2 ** 14 - 1

/** Keys that follow each other in the order of their ids' bytes. */
interface Chunk {
  /** Their ids in UTF-8, one behind the other. */
  readonly ids: Buffer
  /** Where each ends. */
  readonly ends: Uint32Array
  /** Times of their last uses, Unix ms; 0 for none. */
  readonly times: Float64Array
}

/**
 * All keys in the order of their last use, newest first, keys without one last, and by the bytes of their ids where
 * that is the same. Takes 16 bytes a key beside its id. Never changed.
 */
export class KeyOrder {
  readonly #chunks: readonly Chunk[]
  /** Numbers of keys, which count in the order of ids. */
  readonly #order: Uint32Array

  /** Reads all keys from the store, in slices: others get their turn in between. */
  static async read(reader: Pick<Reader, 'keyUses'>): Promise<KeyOrder> {
    const chunks: Chunk[] = []
    for (let after = ''; ; ) {
      const uses = reader.keyUses(after, CHUNK)
      if (uses.length > 0) chunks.push(chunkOf(uses))
      if (uses.length < CHUNK) break
      after = uses.at(-1)?.key ?? ''
      await nextTurn()
    }
    return new KeyOrder(chunks, await sorted(chunks))
  }

  private constructor(chunks: readonly Chunk[], order: Uint32Array) {
    this.#chunks = chunks
    this.#order = order
  }

  get length(): number {
    return this.#order.length
  }

  /** What stands at a place, from 0. */
  at(place: number): KeyUse {
    const number = this.#order[place] ?? 0
    return { key: this.#id(number).toString(), lastUse: timeOf(this.#chunks, number) }
  }

  /** The first place behind `use`, whether that is here or not. */
  placeBehind({ key, lastUse }: KeyUse): number {
    const id = Buffer.from(key)
    return firstOf(this.length, (place) => {
      const number = this.#order[place] ?? 0
      const time = timeOf(this.#chunks, number)
      return time === lastUse ? this.#id(number).compare(id) > 0 : time < lastUse
    })
  }

  /** Time of a key's last use, Unix ms, 0 for none; null for a key that is not here. */
  lastUse(key: string): number | null {
    const id = Buffer.from(key)
    const number = firstOf(this.length, (one) => this.#id(one).compare(id) >= 0)
    if (number === this.length || !this.#id(number).equals(id)) return null
    return timeOf(this.#chunks, number)
  }

  #id(number: number): Buffer {
    const index = number % CHUNK
    const { ids, ends } = this.#chunks[(number - index) / CHUNK] as Chunk
    return ids.subarray(ends[index - 1] ?? 0, ends[index])
  }
}

/** The order of {@link KeyOrder}. */
export function compareUses(one: KeyUse, other: KeyUse): number {
  if (one.lastUse !== other.lastUse) return other.lastUse - one.lastUse
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key))
}

/** The first of `length` numbers for which `holds` holds, as it then does for all behind; `length` for none. */
export function firstOf(length: number, holds: (number: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function chunkOf(uses: readonly KeyUse[]): Chunk {
  const ends = new Uint32Array(uses.length)
  let end = 0
  for (const [index, { key }] of uses.entries()) {
    end += Buffer.byteLength(key)
    ends[index] = end
  }
  const ids = Buffer.from(uses.map(({ key }) => key).join(''))
  return { ids, ends, times: Float64Array.from(uses, ({ lastUse }) => lastUse) }
}

function timeOf(chunks: readonly Chunk[], number: number): number {
  const index = number % CHUNK
  return chunks[(number - index) / CHUNK]?.times[index] ?? 0
}

/** Merge sort, bottom up: that can be done in slices. */
async function sorted(chunks: readonly Chunk[]): Promise<Uint32Array> {
  const length = chunks.reduce((sum, { times }) => sum + times.length, 0)
  let order = new Uint32Array(length)
  for (const [index, { times }] of chunks.entries()) {
    const first = index * CHUNK
    const newest = (one: number, other: number): number =>
      (times[other - first] ?? 0) - (times[one - first] ?? 0) || one - other
    const run = order.subarray(first, first + times.length)
    for (let i = 0; i < run.length; i++) run[i] = first + i
    run.sort(newest)
    await nextTurn()
  }
  let merged = new Uint32Array(length)
  for (let width = CHUNK; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width)
      await merge(chunks, { from: order, to: merged, start, width })
    const spare = order
    order = merged
    merged = spare
  }
  return order
}

interface Merging {
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly start: number
  /** Of the two parts that are in order; the second may be shorter, or missing. */
  readonly width: number
}

async function merge(chunks: readonly Chunk[], { from, to, start, width }: Merging): Promise<void> {
  const middle = Math.min(start + width, from.length)
  const end = Math.min(middle + width, from.length)
  let one = start
  let other = middle
  for (let at = start; at < end; at++) {
    if ((at & MERGED) === MERGED) await nextTurn()
    const first = from[one] ?? 0
    const second = from[other] ?? 0
    // The same time: the first part has the smaller ids.
    if (other === end || (one < middle && timeOf(chunks, first) >= timeOf(chunks, second))) {
      to[at] = first
      one++
    } else {
      to[at] = second
      other++
    }
  }
}
