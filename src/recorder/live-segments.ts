import { Control, MAX_SLOTS, type Queue, SlotState } from './queue.ts'
import { SlotCleaner } from './slots.ts'

interface LiveSegment {
  readonly slot: number
  /** Absolute position of its first entry. */
  readonly start: number
  /** Intents in it whose outcome is still open. */
  open: number
  /** When these were last asked for, in ms of a monotonic clock. */
  asked: number
}

export interface LiveSegmentsOptions {
  readonly queue: Queue
  readonly directory: string
  readonly segmentBytes: number
  /** Most slots there may be. */
  readonly maxSegments: number
  readonly free: readonly number[]
  /** In the order in which they are to be zeroed. */
  readonly dirty: readonly number[]
  /** Told of a new slot before the journal may use it. */
  readonly slotMade?: (slot: number) => void
}

/** Free slots kept ready, so that the journal never waits for one to be zeroed. */
const SPARE_SLOTS = 2
/** Until an intent is asked for once more: there may have been no room for it. */
const ASK_INTERVAL_MS = 250

/**
 * Which segments the journal still needs. They are recycled strictly in order, the oldest first, once all
 * their entries are applied and all their intents closed: an intent's record may stand in a later segment,
 * which a recovery must find as long as it finds the intent.
 */
export class LiveSegments {
  readonly #options: LiveSegmentsOptions
  readonly #control: Int32Array
  readonly #live: LiveSegment[] = []
  readonly #holders = new Map<number, LiveSegment>()
  readonly #dirty: number[] = []
  /** Slots that a write may have failed on: what is read of them need not be on disk. */
  readonly #failed = new Set<number>()
  #opened = 0
  #cleaner: SlotCleaner | null = null

  constructor(options: LiveSegmentsOptions) {
    this.#options = options
    this.#control = options.queue.control
    for (const slot of options.free) this.#setFree(slot)
    for (const slot of options.dirty) {
      this.#setDirty(slot)
      this.#failed.add(slot)
    }
  }

  /**
   * Takes over from those of a thread that has ended: what it knew is in shared memory, but for the open intents,
   * which whoever calls this has to hold again. `known` is an absolute position less than 4 GiB before COMMITTED.
   */
  static takeOver(options: Omit<LiveSegmentsOptions, 'free' | 'dirty'>, known: number): LiveSegments {
    const segments = new LiveSegments({ ...options, free: [], dirty: [] })
    segments.#takeOver(known)
    return segments
  }

  /** Slot and first position of each segment that is needed, the oldest first. */
  get needed(): readonly { readonly slot: number; readonly start: number }[] {
    return this.#live
  }

  /** Segments that can't be recycled yet. */
  get count(): number {
    return this.#live.length
  }

  /** Absolute position of the newest one's first entry; Infinity without any. */
  get newestStart(): number {
    return this.#live.at(-1)?.start ?? Number.POSITIVE_INFINITY
  }

  /** Whether there are entries from before `position` that are not zeroed yet. */
  holdBefore(position: number): boolean {
    const [oldest] = this.#live
    return (
      this.#cleaner !== null || this.#dirty.length > 0 || (oldest !== undefined && oldest.start < position)
    )
  }

  /** Whether the journal has a slot to go on with. */
  get hasFree(): boolean {
    return this.#find(SlotState.free) !== null
  }

  /** Takes note of segments opened since; `position` is not after the start of any of them. */
  update(position: number): void {
    const { capacity } = this.#options.queue
    const opened = Atomics.load(this.#control, Control.segmentsOpened)
    for (; this.#opened < opened; this.#opened++) {
      const place = this.#opened % MAX_SLOTS
      const low = Atomics.load(this.#control, Control.segmentStarts + place)
      const known = position - capacity
      this.#live.push({
        slot: Atomics.load(this.#control, Control.segmentSlots + place),
        start: known + ((low - known) >>> 0),
        open: 0,
        asked: Number.NEGATIVE_INFINITY,
      })
    }
  }

  /** An intent at `position` keeps its segment, instead of the one that it kept before. */
  hold(ticket: number, position: number): void {
    this.release(ticket)
    const segment = this.#live.findLast(({ start }) => start <= position)
    if (segment === undefined) return
    segment.open++
    this.#holders.set(ticket, segment)
  }

  release(ticket: number): void {
    const segment = this.#holders.get(ticket)
    if (segment === undefined) return
    segment.open--
    this.#holders.delete(ticket)
  }

  /**
   * Intents that have been open for half of all segments: repeated in a new segment, they no longer keep the
   * journal from going on. `now` is that of a monotonic clock, in ms: the same ones are not told again at once.
   */
  overdue(now: number): number[] {
    const [oldest, next] = this.#live
    const most = Math.min(this.#options.maxSegments, MAX_SLOTS)
    if (oldest === undefined || this.#live.length * 2 <= most) return []
    return this.holders(next?.start ?? Number.POSITIVE_INFINITY, now)
  }

  /** Open intents in segments that begin before `position`, the newest aside; not the same ones again at once. */
  holders(position: number, now: number): number[] {
    const asked = this.#live
      .slice(0, -1)
      .filter(({ start, open, asked }) => start < position && open > 0 && now - asked >= ASK_INTERVAL_MS)
    if (asked.length === 0) return []
    for (const segment of asked) segment.asked = now
    return [...this.#holders].filter(([, segment]) => asked.includes(segment)).map(([ticket]) => ticket)
  }

  /** Marks for zeroing what is no longer needed now that everything before `applied` is in the rings. */
  recycle(applied: number): void {
    for (;;) {
      const [oldest, next] = this.#live
      if (oldest === undefined || next === undefined || oldest.open > 0 || next.start > applied) return
      this.#live.shift()
      Atomics.add(this.#control, Control.segmentsRecycled, 1)
      this.#dirty.push(oldest.slot)
    }
  }

  /**
   * Zeroes one slice of one slot, or prepares a new one; false where there is nothing to do. Throws the
   * system's error; the next call tries another slot first.
   */
  cleanSlice(): boolean {
    const { directory, segmentBytes } = this.#options
    if (this.#cleaner === null) {
      const dirty = this.#dirty.shift() ?? null
      const abandoned = dirty === null ? this.#unusable() : null
      const slot = dirty ?? abandoned ?? this.#newSlot()
      if (slot === null) return false
      this.#attempt(slot, () => {
        const condition = { failedBefore: this.#failed.has(slot), abandoned: abandoned !== null }
        this.#cleaner = new SlotCleaner(directory, slot, segmentBytes, condition)
      })
    }
    const cleaner = this.#cleaner
    if (cleaner === null) return false
    this.#attempt(cleaner.slot, () => {
      if (!cleaner.step()) return
      this.#cleaner = null
      this.#failed.delete(cleaner.slot)
      this.#options.slotMade?.(cleaner.slot)
      this.#setFree(cleaner.slot)
    })
    return true
  }

  #takeOver(known: number): void {
    // Looked at first: a slot that counts as used by now has its segment among those opened by then.
    const used = this.#all(SlotState.used)
    this.#opened = Atomics.load(this.#control, Control.segmentsOpened)
    let end = this.#options.queue.position(Control.committed, known)
    for (let i = this.#opened - 1; i >= Atomics.load(this.#control, Control.segmentsRecycled); i--) {
      const place = i % MAX_SLOTS
      const slot = Atomics.load(this.#control, Control.segmentSlots + place)
      end -= (end - Atomics.load(this.#control, Control.segmentStarts + place)) >>> 0
      this.#live.unshift({ slot, start: end, open: 0, asked: Number.NEGATIVE_INFINITY })
    }
    const needed = new Set(this.#live.map(({ slot }) => slot))
    for (const slot of used) {
      if (needed.has(slot)) continue
      this.#dirty.push(slot)
      this.#failed.add(slot)
    }
  }

  #attempt(slot: number, work: () => void): void {
    try {
      work()
    } catch (error) {
      const cleaner = this.#cleaner
      this.#cleaner = null
      this.#dirty.push(slot)
      this.#failed.add(slot)
      cleaner?.abort()
      throw error
    }
  }

  #unusable(): number | null {
    const slot = this.#find(SlotState.unusable)
    if (slot === null) return null
    Atomics.store(this.#control, Control.slotStates + slot, SlotState.used)
    this.#failed.add(slot)
    return slot
  }

  #newSlot(): number | null {
    let free = 0
    let present = 0
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      const state = Atomics.load(this.#control, Control.slotStates + slot)
      if (state === SlotState.free) free++
      if (state !== SlotState.absent) present++
    }
    if (free >= SPARE_SLOTS || present >= this.#options.maxSegments) return null
    const slot = this.#find(SlotState.absent)
    if (slot !== null) Atomics.store(this.#control, Control.slotStates + slot, SlotState.used)
    return slot
  }

  #find(wanted: number): number | null {
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      if (Atomics.load(this.#control, Control.slotStates + slot) === wanted) return slot
    }
    return null
  }

  #all(wanted: number): number[] {
    const states = this.#control.subarray(Control.slotStates, Control.slotStates + MAX_SLOTS)
    return [...states.keys()].filter((slot) => Atomics.load(states, slot) === wanted)
  }

  #setDirty(slot: number): void {
    Atomics.store(this.#control, Control.slotStates + slot, SlotState.used)
    this.#dirty.push(slot)
  }

  #setFree(slot: number): void {
    Atomics.store(this.#control, Control.slotStates + slot, SlotState.free)
    Atomics.add(this.#control, Control.slotFreed, 1)
    Atomics.notify(this.#control, Control.slotFreed)
  }
}
