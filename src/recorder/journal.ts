import { closeSync, fdatasyncSync, openSync, writeSync, writevSync } from 'node:fs'
import { wholeEntries } from './entry.ts'
import { Control, MAX_SLOTS, type Queue, SlotState } from './queue.ts'
import { encodeGroupHeader, encodeLiveHeader, FIRST_GROUP, GROUP_HEADER_BYTES } from './segment.ts'
import { slotPath } from './slots.ts'

/** See DESIGN: `strict` syncs before every answer, the others write at once and sync within 100 ms. */
export type Durability = 'strict' | 'committed' | 'async'

export interface JournalOptions {
  readonly queue: Queue
  /** Directory of the segment files. */
  readonly directory: string
  readonly segmentBytes: number
  readonly durability: Durability
  readonly instance: Uint8Array
  /** Where the journal goes on. */
  readonly position: number
  readonly sequence: number
  /** Tells the proxy's thread that COMMITTED has moved; called at most once until it has looked. */
  acknowledge(): void
  /** The journal can't be written (null: it can again). It keeps trying. */
  failed(error: Error | null): void
}

/** How long `committed` and `async` may leave written entries unsynced. */
const SYNC_INTERVAL_MS = 100
const RETRY_INTERVAL_MS = 250
const IDLE_MS = 1000

/** Stands for the descriptor of a segment that is to be opened again before it is written to. */
const CLOSED = -1

interface OpenSegment {
  readonly slot: number
  readonly sequence: number
  fd: number
  /** Offset of the next group. */
  end: number
  /** Offset behind the last group that is on disk. */
  synced: number
}

/**
 * Makes queued entries durable: whatever has been queued while one group was being synced is the next group,
 * so that all exchanges waiting share one write and one sync. Blocks its thread; never yields.
 *
 * What was written but not synced is, after a failure, written once more in the same place: a sync that failed
 * says nothing about the pages before it, and one that follows says nothing about them either.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #queue: Queue
  readonly #header = Buffer.alloc(GROUP_HEADER_BYTES)
  #segment: OpenSegment | null = null
  #sequence: number
  /** Absolute positions: #synced <= #committed <= #written. */
  #written: number
  #committed: number
  #synced: number
  #lastSync = performance.now()
  #failure: Error | null = null

  constructor(options: JournalOptions) {
    this.#options = options
    this.#queue = options.queue
    this.#sequence = options.sequence
    this.#written = options.position
    this.#committed = options.position
    this.#synced = options.position
  }

  /** Returns once the queue is told to stop and everything in it is on disk, or can't be written. */
  run(): void {
    const { control } = this.#queue
    for (;;) {
      // Looked at before the head: whoever stops the journal has published all entries before.
      const stop = Atomics.load(control, Control.stop)
      try {
        if (!this.#step(stop > 0)) return
      } catch (error) {
        this.#fail(error as Error)
        if (stop > 0) return
        Atomics.wait(control, Control.stop, stop, RETRY_INTERVAL_MS)
      }
    }
  }

  /** One group, one late sync, or one wait; false at the end. */
  #step(stopping: boolean): boolean {
    const { control } = this.#queue
    const head = this.#queue.position(Control.head, this.#written)
    if (head !== this.#written || this.#failure !== null) {
      this.#append(head)
      return true
    }
    const unsynced = this.#synced !== this.#written
    const wait = unsynced ? this.#lastSync + SYNC_INTERVAL_MS - performance.now() : IDLE_MS
    if (unsynced && (stopping || wait <= 0)) this.#sync()
    else if (stopping) return this.#end()
    else Atomics.wait(control, Control.head, head | 0, wait)
    return true
  }

  /** Writes one group; after a failure, where nothing is queued, an empty one, to see whether it works again. */
  #append(head: number): void {
    if (this.#synced !== this.#written && this.#failure !== null) this.#awaitRings(this.#failure)
    const end = this.#groupEnd(head)
    const size = end - this.#written
    const segment = this.#segmentFor(size)
    if (segment.end === FIRST_GROUP) {
      writeSync(segment.fd, encodeLiveHeader(this.#options.instance, segment.sequence), 0, undefined, 0)
    }
    const views = this.#queue.views(this.#written, end)
    const group = { sequence: segment.sequence, position: this.#written, synced: this.#synced }
    encodeGroupHeader(this.#header, group, views)
    const wrote = writevSync(segment.fd, [this.#header, ...views], segment.end)
    const length = GROUP_HEADER_BYTES + size
    if (wrote !== length) throw new Error(`wrote ${wrote} of ${length} bytes to the journal`)
    segment.end += length
    this.#written = end
    if (this.#options.durability === 'strict' || this.#failure !== null) this.#sync()
    this.#commit()
    if (performance.now() - this.#lastSync >= SYNC_INTERVAL_MS) this.#sync()
  }

  /**
   * What was acknowledged, but could not be synced, is not written again: its place in the queue is free as
   * soon as the rings have it, which they soon do, and on disk.
   */
  #awaitRings(failure: Error): void {
    const known = this.#written - this.#queue.capacity
    const applied = this.#queue.position(Control.applied, known)
    if (applied < this.#written) {
      Atomics.wait(this.#queue.control, Control.applied, applied | 0, RETRY_INTERVAL_MS)
      if (this.#queue.position(Control.applied, known) < this.#written) throw failure
    }
    this.#synced = this.#written
  }

  /** A group must fit into a segment and ends with a whole entry. */
  #groupEnd(head: number): number {
    const room = this.#options.segmentBytes - FIRST_GROUP - GROUP_HEADER_BYTES
    if (head - this.#written <= room) return head
    return this.#written + wholeEntries(this.#queue.copy(this.#written, this.#written + room))
  }

  #sync(): void {
    const segment = this.#segment
    if (segment !== null) {
      fdatasyncSync(segment.fd)
      segment.synced = segment.end
    }
    this.#synced = this.#written
    this.#lastSync = performance.now()
  }

  #commit(): void {
    const { control } = this.#queue
    if (this.#failure !== null) {
      this.#failure = null
      this.#options.failed(null)
    }
    this.#committed = this.#written
    this.#queue.publish(Control.committed, this.#written)
    // In `async` nobody waits to hear of it.
    if (this.#options.durability === 'async') return
    if (Atomics.exchange(control, Control.acknowledging, 1) === 0) this.#options.acknowledge()
  }

  #segmentFor(size: number): OpenSegment {
    const segment = this.#segment
    const fits = segment !== null && segment.end + GROUP_HEADER_BYTES + size <= this.#options.segmentBytes
    if (fits) {
      if (segment.fd === CLOSED) this.#reopen(segment)
      return segment
    }
    if (segment !== null) this.#retire(segment)
    this.#segment = this.#open(this.#takeSlot())
    return this.#segment
  }

  /** A segment is on disk as a whole before the next one is begun. */
  #retire(segment: OpenSegment): void {
    if (segment.fd !== CLOSED) {
      this.#sync()
      closeSync(segment.fd)
    }
    this.#segment = null
  }

  #reopen(segment: OpenSegment): void {
    try {
      segment.fd = openSync(this.#path(segment.slot), 'r+')
    } catch (error) {
      // What is left to be written goes to another segment.
      this.#segment = null
      throw error
    }
  }

  #open(slot: number): OpenSegment {
    const { control } = this.#queue
    const fd = this.#openSlot(slot)
    const opened = Atomics.load(control, Control.segmentsOpened)
    Atomics.store(control, Control.segmentSlots + (opened % MAX_SLOTS), slot)
    Atomics.store(control, Control.segmentStarts + (opened % MAX_SLOTS), this.#written | 0)
    Atomics.store(control, Control.segmentsOpened, opened + 1)
    return { slot, sequence: this.#sequence++, fd, end: FIRST_GROUP, synced: FIRST_GROUP }
  }

  #openSlot(slot: number): number {
    try {
      return openSync(this.#path(slot), 'r+')
    } catch (error) {
      Atomics.store(this.#queue.control, Control.slotStates + slot, SlotState.unusable)
      throw error
    }
  }

  #takeSlot(): number {
    const { control } = this.#queue
    for (;;) {
      const freed = Atomics.load(control, Control.slotFreed)
      for (let slot = 0; slot < MAX_SLOTS; slot++) {
        const place = Control.slotStates + slot
        if (Atomics.compareExchange(control, place, SlotState.free, SlotState.used) === SlotState.free)
          return slot
      }
      if (Atomics.wait(control, Control.slotFreed, freed, IDLE_MS) === 'timed-out') {
        throw new Error(
          'every journal segment is in use: the rings take records too slowly, or exchanges stay open',
        )
      }
    }
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#options.failed(error)
    this.#written = this.#committed
    const segment = this.#segment
    if (segment === null) return
    closeQuietly(segment.fd)
    segment.fd = CLOSED
    segment.end = segment.synced
  }

  #end(): false {
    if (this.#segment !== null) closeSync(this.#segment.fd)
    this.#segment = null
    return false
  }

  #path(slot: number): string {
    return slotPath(this.#options.directory, slot)
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // Its segment is opened anew anyway.
  }
}
