import { closeSync, fdatasyncSync, openSync, writeSync, writevSync } from 'node:fs'
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

interface OpenSegment {
  readonly fd: number
  readonly sequence: number
  /** Offset of the next group. */
  end: number
}

/**
 * Makes queued entries durable: whatever has been queued while one group was being synced is the next group,
 * so that all exchanges waiting share one write and one sync. Blocks its thread; never yields.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #queue: Queue
  readonly #header = Buffer.alloc(GROUP_HEADER_BYTES)
  #segment: OpenSegment | null = null
  #sequence: number
  #written: number
  #synced: number
  #lastSync = performance.now()
  #failing = false

  constructor(options: JournalOptions) {
    this.#options = options
    this.#queue = options.queue
    this.#sequence = options.sequence
    this.#written = options.position
    this.#synced = options.position
  }

  /** Returns once the queue is told to stop and everything in it is on disk, or can't be written. */
  run(): void {
    for (;;) {
      try {
        if (!this.#step()) return
      } catch (error) {
        this.#fail(error as Error)
        if (Atomics.load(this.#queue.control, Control.stop) > 0) return
      }
    }
  }

  /** One group, one late sync, or one wait; false at the end. */
  #step(): boolean {
    const { control } = this.#queue
    const head = this.#queue.position(Control.head, this.#written)
    if (head !== this.#written) {
      this.#append(head)
      return true
    }
    const unsynced = this.#synced !== this.#written
    const wait = unsynced ? this.#lastSync + SYNC_INTERVAL_MS - performance.now() : IDLE_MS
    const stopping = Atomics.load(control, Control.stop) > 0
    if (unsynced && (stopping || wait <= 0)) this.#sync()
    else if (stopping) return this.#end()
    else Atomics.wait(control, Control.head, head | 0, wait)
    return true
  }

  #append(head: number): void {
    const { segmentBytes, durability } = this.#options
    const room = segmentBytes - FIRST_GROUP - GROUP_HEADER_BYTES
    if (head - this.#written > room)
      throw new Error(`a group of ${head - this.#written} bytes exceeds a segment`)
    const segment = this.#segmentFor(head - this.#written)
    const views = this.#queue.views(this.#written, head)
    const group = { sequence: segment.sequence, position: this.#written, synced: this.#synced }
    encodeGroupHeader(this.#header, group, views)
    const length = GROUP_HEADER_BYTES + head - this.#written
    const wrote = writevSync(segment.fd, [this.#header, ...views], segment.end)
    if (wrote !== length) throw new Error(`wrote ${wrote} of ${length} bytes to the journal`)
    segment.end += length
    this.#written = head
    if (durability === 'strict' || performance.now() - this.#lastSync >= SYNC_INTERVAL_MS) this.#sync()
    this.#commit()
  }

  #sync(): void {
    if (this.#segment !== null) fdatasyncSync(this.#segment.fd)
    this.#synced = this.#written
    this.#lastSync = performance.now()
  }

  #commit(): void {
    const { control } = this.#queue
    if (this.#failing) {
      this.#failing = false
      this.#options.failed(null)
    }
    this.#queue.publish(Control.committed, this.#written)
    if (Atomics.exchange(control, Control.acknowledging, 1) === 0) this.#options.acknowledge()
  }

  #segmentFor(size: number): OpenSegment {
    const segment = this.#segment
    if (segment !== null && segment.end + GROUP_HEADER_BYTES + size <= this.#options.segmentBytes)
      return segment
    if (segment !== null) {
      this.#sync()
      closeSync(segment.fd)
      this.#segment = null
    }
    this.#segment = this.#open(this.#takeSlot())
    return this.#segment
  }

  #open(slot: number): OpenSegment {
    const { control } = this.#queue
    const fd = openSync(slotPath(this.#options.directory, slot), 'r+')
    const sequence = this.#sequence++
    writeSync(fd, encodeLiveHeader(this.#options.instance, sequence), 0, undefined, 0)
    const opened = Atomics.load(control, Control.segmentsOpened)
    Atomics.store(control, Control.segmentSlots + (opened % MAX_SLOTS), slot)
    Atomics.store(control, Control.segmentStarts + (opened % MAX_SLOTS), this.#written | 0)
    Atomics.store(control, Control.segmentsOpened, opened + 1)
    return { fd, sequence, end: FIRST_GROUP }
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

  /** What was not synced is written once more to another segment: after a failed sync its pages can't be trusted. */
  #fail(error: Error): void {
    this.#failing = true
    this.#options.failed(error)
    if (this.#segment !== null) closeQuietly(this.#segment.fd)
    this.#segment = null
    const applied = this.#queue.position(Control.applied, this.#written - this.#queue.capacity)
    this.#written = Math.max(this.#synced, applied)
    Atomics.wait(this.#queue.control, Control.stop, 0, RETRY_INTERVAL_MS)
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
    // The segment is given up anyway.
  }
}
