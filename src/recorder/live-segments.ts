import { Control, MAX_SLOTS, type Queue, SlotState } from './queue.ts'
import { SlotCleaner } from './slots.ts'

interface LiveSegment {
  readonly slot: number
  /** Absolute position of its first entry. */
  readonly start: number
  /** Intents in it whose outcome is still open. */
  open: number
}

export interface LiveSegmentsOptions {
  readonly queue: Queue
  readonly directory: string
  readonly segmentBytes: number
  /** Most slots there may be. */
  readonly maxSegments: number
  readonly free: readonly number[]
  readonly dirty: readonly number[]
}

/** Free slots kept ready, so that the journal never waits for one to be zeroed. */
const SPARE_SLOTS = 2

/**
 * Which segments the journal still needs. They are recycled strictly in order, the oldest first, once all
 * their entries are applied and all their intents closed: an intent's record may stand in a later segment,
 * which a recovery must find as long as it finds the intent.
 */
export class LiveSegments {
  readonly #options: LiveSegmentsOptions
  readonly #live: LiveSegment[] = []
  readonly #holders = new Map<number, LiveSegment>()
  readonly #dirty: number[]
  #slots: number
  #opened = 0
  #cleaner: SlotCleaner | null = null

  constructor(options: LiveSegmentsOptions) {
    this.#options = options
    this.#dirty = [...options.dirty]
    this.#slots = Math.max(-1, ...options.free, ...options.dirty) + 1
    for (const slot of options.free) this.#setFree(slot)
  }

  /** Segments that can't be recycled yet. */
  get count(): number {
    return this.#live.length
  }

  /** Takes note of segments opened since; `position` is not after the start of any of them. */
  update(position: number): void {
    const { control, capacity } = this.#options.queue
    const opened = Atomics.load(control, Control.segmentsOpened)
    for (; this.#opened < opened; this.#opened++) {
      const place = this.#opened % MAX_SLOTS
      const low = Atomics.load(control, Control.segmentStarts + place)
      const known = position - capacity
      this.#live.push({
        slot: Atomics.load(control, Control.segmentSlots + place),
        start: known + ((low - known) >>> 0),
        open: 0,
      })
    }
  }

  /** An intent at `position` keeps its segment. */
  hold(ticket: number, position: number): void {
    const segment = this.#live.findLast(({ start }) => start <= position)
    if (segment === undefined) return
    segment.open++
    this.#holders.set(ticket, segment)
  }

  release(ticket: number): void {
    const segment = this.#holders.get(ticket)
    if (segment !== undefined) segment.open--
    this.#holders.delete(ticket)
  }

  /** Marks for zeroing what is no longer needed now that everything before `applied` is in the rings. */
  recycle(applied: number): void {
    for (;;) {
      const [oldest, next] = this.#live
      if (oldest === undefined || next === undefined || oldest.open > 0 || next.start > applied) return
      this.#live.shift()
      this.#dirty.push(oldest.slot)
    }
  }

  /** Zeroes one slice of one slot, or prepares a new one; false where there is nothing to do. */
  cleanSlice(): boolean {
    const { directory, segmentBytes } = this.#options
    if (this.#cleaner === null) {
      const slot = this.#dirty.shift() ?? this.#newSlot()
      if (slot === null) return false
      this.#cleaner = new SlotCleaner(directory, slot, segmentBytes)
    }
    if (this.#cleaner.step()) {
      this.#setFree(this.#cleaner.slot)
      this.#cleaner = null
    }
    return true
  }

  /** Whether the journal has a slot to go on with. */
  get hasFree(): boolean {
    return this.#freeSlots() > 0
  }

  #newSlot(): number | null {
    if (this.#freeSlots() >= SPARE_SLOTS || this.#slots >= Math.min(this.#options.maxSegments, MAX_SLOTS))
      return null
    return this.#slots++
  }

  #freeSlots(): number {
    const { control } = this.#options.queue
    let free = 0
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Atomics.load(control, Control.slotStates + slot) === SlotState.free) free++
    }
    return free
  }

  #setFree(slot: number): void {
    const { control } = this.#options.queue
    Atomics.store(control, Control.slotStates + slot, SlotState.free)
    Atomics.add(control, Control.slotFreed, 1)
    Atomics.notify(control, Control.slotFreed)
  }
}
