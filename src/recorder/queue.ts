import { MAX_ENTRY_BYTES } from './entry.ts'

/**
 * The queue between the proxy, the journal and the rings: one ring of bytes in shared memory that entries go
 * through once. The proxy's thread writes up to HEAD, the journal's thread makes that durable up to
 * COMMITTED, the applying thread puts it into the rings up to APPLIED and so frees the space. Positions are
 * absolute journal offsets in bytes; shared memory holds their low 32 bits. No entry is ever cloned or sent.
 */
export interface SharedQueue {
  readonly control: SharedArrayBuffer
  readonly bytes: SharedArrayBuffer
}

/** Places in the shared control words. */
export const Control = {
  head: 0,
  committed: 1,
  applied: 2,
  /** Raised by whoever wants what is committed to be applied at once. */
  flush: 3,
  /** 1: the journal writes what is queued and ends; 2: so does the applying thread. */
  stop: 4,
  /** 1 while a message about COMMITTED is on its way to the proxy's thread. */
  acknowledging: 5,
  /** Segments that have held something durable so far, in the order of their positions. */
  segmentsOpened: 6,
  /** Raised when a slot becomes free. */
  slotFreed: 7,
  /** Segments begun so far, also those that came to nothing: each had its own sequence number. */
  segmentsBegun: 8,
  /** How many of the opened segments are no longer needed: the oldest ones. */
  segmentsRecycled: 9,
  /** Raised to have the journal begin a new segment, also with nothing to write. */
  roll: 10,
  /** Seconds by which the system's clock is ahead of the time that is believed; 0 unless it is held. */
  clockAhead: 11,
  slotStates: 16,
  segmentSlots: 16 + 256,
  segmentStarts: 16 + 512,
  /** Low 32 bits of the inode of each one's file. */
  segmentInodes: 16 + 768,
} as const

/**
 * `used`: its segment is known to {@link Control.segmentsOpened}, or is being zeroed. `opening`: the journal has
 * taken it, and nothing in it counts yet. `unusable`: the journal could not write to it; whoever cleans slots
 * makes it anew.
 */
export const SlotState = { absent: 0, free: 1, used: 2, unusable: 3, opening: 4 } as const

/** Most journal segments: slots, and segments alive at a time. */
export const MAX_SLOTS = 256

const CONTROL_WORDS = 16 + 1024

/** `capacity` in bytes, at least that of a few entries. */
export function createSharedQueue(capacity: number): SharedQueue {
  return { control: new SharedArrayBuffer(CONTROL_WORDS * 4), bytes: new SharedArrayBuffer(capacity) }
}

/** One thread's access to the queue. */
export class Queue {
  readonly control: Int32Array
  readonly capacity: number
  /** See {@link open}. */
  target: Buffer
  readonly #bytes: Buffer
  readonly #scratch = Buffer.alloc(MAX_ENTRY_BYTES)

  constructor({ control, bytes }: SharedQueue) {
    this.control = new Int32Array(control)
    this.#bytes = Buffer.from(bytes)
    this.target = this.#bytes
    this.capacity = bytes.byteLength
  }

  /** The absolute position whose low bits stand at `place`; it is at or after `known`, by less than 4 GiB. */
  position(place: number, known: number): number {
    const low = Atomics.load(this.control, place)
    return known + ((low - known) >>> 0)
  }

  /** Stores a position and wakes who waits for it. */
  publish(place: number, position: number): void {
    Atomics.store(this.control, place, position | 0)
    Atomics.notify(this.control, place)
  }

  /**
   * Where the entry for `position` is to be encoded: at the returned offset of {@link target}, which has room
   * for any entry. {@link put} ends what this began.
   */
  open(position: number): number {
    const start = position % this.capacity
    const fits = start + MAX_ENTRY_BYTES <= this.capacity
    this.target = fits ? this.#bytes : this.#scratch
    return fits ? start : 0
  }

  /** The entry of `length` bytes is encoded; returns the position behind it. */
  put(position: number, length: number): number {
    if (this.target === this.#scratch) {
      const start = position % this.capacity
      const first = Math.min(length, this.capacity - start)
      this.#scratch.copy(this.#bytes, start, 0, first)
      this.#scratch.copy(this.#bytes, 0, first, length)
    }
    return position + length
  }

  /** Views of the bytes between two positions: one, or two where the ring wraps. */
  views(from: number, to: number): Buffer[] {
    const start = from % this.capacity
    const end = start + (to - from)
    if (end <= this.capacity) return [this.#bytes.subarray(start, end)]
    return [this.#bytes.subarray(start), this.#bytes.subarray(0, end - this.capacity)]
  }

  /** A copy of the bytes between two positions. */
  copy(from: number, to: number): Buffer {
    return Buffer.concat(this.views(from, to), to - from)
  }
}
