import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync, writevSync } from 'node:fs'
import { wholeEntries } from './entry.ts'
import { Control, MAX_SLOTS, type Queue, SlotState } from './queue.ts'
import {
  encodeGroupHeader,
  encodeLiveHeader,
  FIRST_GROUP,
  GROUP_HEADER_BYTES,
  GROUP_OVERHEAD,
  GROUP_TRAILER,
} from './segment.ts'
import { slotPath } from './slots.ts'
import { StoreFailure } from './store-failure.ts'

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
  /** Sequence number of the first segment that was begun since the queue was made. */
  readonly sequence: number
  /** Whether a thread before this one has ended; null at the start. */
  readonly resumedAfter: Error | null
  /** Tells the proxy's thread that COMMITTED has moved; called at most once until it has looked. */
  acknowledge(): void
  /** The journal can't be written (null: it can again). It keeps trying. */
  failed(error: Error | null): void
}

/** How long `committed` and `async` may leave written entries unsynced. */
const SYNC_INTERVAL_MS = 100
const RETRY_INTERVAL_MS = 250
const IDLE_MS = 1000
const NO_SLOT = 'every journal segment is in use: the rings take records too slowly, or exchanges stay open'

interface OpenSegment {
  readonly slot: number
  readonly sequence: number
  readonly fd: number
  /** Offset of the next group. */
  end: number
  /** Whether a group of it has counted, so that whoever recycles segments knows of it. */
  known: boolean
}

/**
 * Makes queued entries durable: whatever has been queued while one group was being synced is the next group,
 * so that all exchanges waiting share one write and one sync. Blocks its thread; never yields.
 *
 * After a failure, what had not been acknowledged is written once more, and to another segment: the system may
 * take pages that it failed to write for clean ones, so that a second sync of the same file would say nothing
 * about them. A start reads both segments and takes what they share once.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #queue: Queue
  readonly #header = Buffer.alloc(GROUP_HEADER_BYTES)
  #segment: OpenSegment | null = null
  /** Absolute positions: #synced <= #committed <= #written. */
  #written: number
  #committed: number
  #synced: number
  #lastSync = performance.now()
  #failure: Error | null = null
  /** The roll counter as it stood when a segment was last begun for it. */
  #rolled: number

  constructor(options: JournalOptions) {
    this.#options = options
    this.#queue = options.queue
    this.#written = options.position
    this.#committed = options.position
    this.#failure = options.resumedAfter
    this.#rolled = Atomics.load(this.#queue.control, Control.roll)
    this.#synced = this.#isSynced() ? options.position : this.#applied
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
    const rolled = this.#roll()
    if (rolled || head !== this.#written || this.#failure !== null) {
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

  /** Leaves the segment if it is asked to; whether a group is to be written, were it empty, for the next to count. */
  #roll(): boolean {
    const roll = Atomics.load(this.#queue.control, Control.roll)
    if (roll === this.#rolled) return false
    if (this.#segment !== null) this.#retire(this.#segment)
    this.#rolled = roll
    return true
  }

  /**
   * Writes one group. Where nothing is queued it is empty: after a failure, to see whether it works again, or as
   * the first of a segment.
   */
  #append(head: number): void {
    if (this.#synced !== this.#written && this.#failure !== null) this.#awaitRings(this.#failure)
    const end = this.#groupEnd(head)
    const size = end - this.#written
    const segment = this.#segmentFor(size)
    if (segment.end === FIRST_GROUP) {
      const { instance, segmentBytes } = this.#options
      const header = encodeLiveHeader(instance, { sequence: segment.sequence, bytes: segmentBytes })
      writeSync(segment.fd, header, 0, undefined, 0)
    }
    const views = this.#queue.views(this.#written, end)
    const group = { sequence: segment.sequence, position: this.#written, synced: this.#synced }
    encodeGroupHeader(this.#header, group, views)
    const wrote = writevSync(segment.fd, [this.#header, ...views, GROUP_TRAILER], segment.end)
    const length = GROUP_OVERHEAD + size
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
    const applied = this.#applied
    if (applied < this.#written) {
      Atomics.wait(this.#queue.control, Control.applied, applied | 0, RETRY_INTERVAL_MS)
      if (this.#applied < this.#written) throw failure
    }
    this.#synced = this.#written
  }

  /** Whether what was acknowledged before this journal began is certainly on disk. */
  #isSynced(): boolean {
    return this.#failure === null || this.#options.durability === 'strict'
  }

  /** Absolute position up to which the rings have everything. */
  get #applied(): number {
    return this.#queue.position(Control.applied, this.#written - this.#queue.capacity)
  }

  /** A group must fit into a segment and ends with a whole entry. */
  #groupEnd(head: number): number {
    const room = this.#options.segmentBytes - FIRST_GROUP - GROUP_OVERHEAD
    if (head - this.#written <= room) return head
    return this.#written + wholeEntries(this.#queue.copy(this.#written, this.#written + room))
  }

  #sync(): void {
    if (this.#segment !== null) fdatasyncSync(this.#segment.fd)
    this.#synced = this.#written
    this.#lastSync = performance.now()
  }

  #commit(): void {
    const { control } = this.#queue
    if (this.#failure !== null) {
      this.#failure = null
      this.#options.failed(null)
    }
    if (this.#segment?.known === false) this.#makeKnown(this.#segment)
    this.#committed = this.#written
    this.#queue.publish(Control.committed, this.#written)
    // In `async` nobody waits to hear of it.
    if (this.#options.durability === 'async') return
    if (Atomics.exchange(control, Control.acknowledging, 1) === 0) this.#options.acknowledge()
  }

  #segmentFor(size: number): OpenSegment {
    const segment = this.#segment
    const fits = segment !== null && segment.end + GROUP_OVERHEAD + size <= this.#options.segmentBytes
    if (fits) return segment
    if (segment !== null) this.#retire(segment)
    this.#segment = this.#open(this.#takeSlot())
    return this.#segment
  }

  /** A segment is on disk as a whole before the next one is begun. */
  #retire({ fd }: OpenSegment): void {
    this.#sync()
    this.#segment = null
    closeSync(fd)
  }

  #open(slot: number): OpenSegment {
    const fd = this.#openSlot(slot)
    const sequence = this.#options.sequence + Atomics.add(this.#queue.control, Control.segmentsBegun, 1)
    return { slot, sequence, fd, end: FIRST_GROUP, known: false }
  }

  /** Before COMMITTED moves: who applies an entry knows the segment that it stands in. */
  #makeKnown(segment: OpenSegment): void {
    const { control } = this.#queue
    const opened = Atomics.load(control, Control.segmentsOpened)
    Atomics.store(control, Control.segmentSlots + (opened % MAX_SLOTS), segment.slot)
    Atomics.store(control, Control.segmentStarts + (opened % MAX_SLOTS), this.#committed | 0)
    const { ino } = fstatSync(segment.fd, { bigint: true })
    Atomics.store(control, Control.segmentInodes + (opened % MAX_SLOTS), Number(BigInt.asIntN(32, ino)))
    Atomics.store(control, Control.segmentsOpened, opened + 1)
    Atomics.store(control, Control.slotStates + segment.slot, SlotState.used)
    segment.known = true
  }

  #openSlot(slot: number): number {
    try {
      return openSync(slotPath(this.#options.directory, slot), 'r+')
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
        if (Atomics.compareExchange(control, place, SlotState.free, SlotState.opening) === SlotState.free)
          return slot
      }
      if (Atomics.wait(control, Control.slotFreed, freed, IDLE_MS) === 'timed-out')
        throw this.#failure ?? new StoreFailure('segments-in-use', NO_SLOT)
    }
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#options.failed(error)
    this.#written = this.#committed
    const segment = this.#segment
    this.#segment = null
    if (segment === null) return
    if (!segment.known)
      Atomics.store(this.#queue.control, Control.slotStates + segment.slot, SlotState.unusable)
    closeQuietly(segment.fd)
  }

  #end(): false {
    if (this.#segment !== null) closeSync(this.#segment.fd)
    this.#segment = null
    return false
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // Nothing more is written to it.
  }
}
