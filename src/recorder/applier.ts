import type { StoreWriter } from '../store/writer.ts'
import {
  decodeCredential,
  decodeLost,
  decodeSubmission,
  EntryKind,
  entryKind,
  entryLength,
  entryTicket,
  wholeEntries,
} from './entry.ts'
import { Eraser } from './eraser.ts'
import type { LiveSegments } from './live-segments.ts'
import type { OpenIntents } from './open-intents.ts'
import { Control, type Queue } from './queue.ts'

/** What applying needs of the store. */
export type AppliedStore = Pick<
  StoreWriter,
  'commit' | 'submit' | 'learn' | 'countLost' | 'hasTimers' | 'sweep' | 'erasures'
>

export interface ApplierOptions {
  readonly queue: Queue
  readonly writer: AppliedStore
  readonly segments: LiveSegments
  /** The open ones so far. */
  readonly intents: OpenIntents
  /** Absolute position up to which the rings are complete. */
  readonly position: number
  /** Whether it goes on for another that has ended: the rings count as failing until something has been done. */
  readonly failing: boolean
  /** Unix ms. */
  readonly clock: () => number
  /** The rings can't be written (null: they can again). It keeps trying. */
  failed(error: Error | null): void
  /** Asks the proxy's thread to journal the intent in `entry` once more, if it is still open. */
  renew(entry: Buffer): void
}

/** Least time between two transactions, unless somebody asks for what is pending. */
const APPLY_INTERVAL_MS = 25
const SWEEP_INTERVAL_MS = 500
const RETRY_INTERVAL_MS = 250
/** Timers worked off in one transaction. */
const SWEEP_LIMIT = 200
/** Most bytes of entries in one transaction. */
const BATCH_BYTES = 4 << 20

/**
 * Puts journalled records into their rings, one durable transaction a batch; between batches it sweeps and
 * recycles segments. Blocks its thread; never yields.
 */
export class Applier {
  readonly #options: ApplierOptions
  readonly #intents: OpenIntents
  readonly #eraser: Eraser
  /** The writer's count when the journal was last told to erase. */
  #erasures: number
  #applied: number
  #lastApply = 0
  /** The flush counter as it stood at the last batch. */
  #flushed = 0
  /** Whether a slice has been cleaned since the last batch. */
  #cleaned = false
  #nextSweep = 0
  #nextClean = 0
  #failing: boolean

  constructor(options: ApplierOptions) {
    this.#options = options
    this.#intents = options.intents
    this.#eraser = new Eraser(options.queue, options.segments)
    this.#erasures = options.writer.erasures
    this.#failing = options.failing
    this.#applied = options.position
    // What the one before still had to erase, nobody knows.
    if (options.failing) this.#eraser.erase(options.position)
  }

  /** Whether the rings have everything that was journalled, and no intent is open. */
  get finished(): boolean {
    const committed = this.#options.queue.position(Control.committed, this.#applied)
    return committed === this.#applied && this.#intents.count === 0
  }

  /** Returns once the queue is told to stop and everything durable is applied, or can't be. */
  run(): void {
    const { control } = this.#options.queue
    for (;;) {
      const stop = Atomics.load(control, Control.stop)
      try {
        if (!this.#step(stop > 1)) return
        this.#recovered()
      } catch (error) {
        this.#failing = true
        this.#options.failed(error as Error)
        if (stop > 1) return
        Atomics.wait(control, Control.stop, stop, RETRY_INTERVAL_MS)
      }
    }
  }

  /** One batch, one piece of housekeeping, or one wait; false at the end. */
  #step(stopping: boolean): boolean {
    const { queue } = this.#options
    const { control } = queue
    const flush = Atomics.load(control, Control.flush)
    const committed = queue.position(Control.committed, this.#applied)
    if (!stopping && performance.now() >= this.#nextSweep) this.#sweep()
    if (this.#eraser.pending) this.#recycle()
    if (committed === this.#applied) {
      if (stopping) return false
      this.#flushed = flush
      if (!this.#clean()) Atomics.wait(control, Control.committed, committed | 0, this.#idleMs)
      return true
    }
    const wait = this.#lastApply + APPLY_INTERVAL_MS - performance.now()
    if (wait <= 0 || stopping || flush !== this.#flushed) this.#apply(committed, flush)
    else if (!this.#mayClean() || !this.#clean()) Atomics.wait(control, Control.flush, flush, wait)
    return true
  }

  /** Between two batches one slice is enough, as long as the journal has a slot to go on with: its syncs wait less. */
  #mayClean(): boolean {
    if (this.#cleaned && this.#options.segments.hasFree && !this.#eraser.pending) return false
    this.#cleaned = true
    return true
  }

  /** Slots that can't be cleaned are a failure only once the journal has none left. */
  #recovered(): void {
    if (!this.#failing || !this.#options.segments.hasFree) return
    this.#failing = false
    this.#options.failed(null)
  }

  #apply(committed: number, flush: number): void {
    const { queue, writer, segments, clock } = this.#options
    const from = this.#applied
    const copy = queue.copy(from, Math.min(committed, from + BATCH_BYTES))
    const entries = copy.subarray(0, wholeEntries(copy))
    const to = from + entries.length
    writer.commit(to, clock(), () => this.#submit(entries))
    segments.update(from)
    this.#intents.follow(entries, from)
    this.#applied = to
    this.#lastApply = performance.now()
    this.#flushed = flush
    this.#cleaned = false
    queue.publish(Control.applied, to)
    this.#recycle()
  }

  /** Frees segments, and has the intents repeated that keep too many of them. */
  #recycle(): void {
    const { segments, renew } = this.#options
    segments.update(this.#applied)
    const now = performance.now()
    segments.recycle(this.#applied)
    for (const ticket of [...segments.overdue(now), ...this.#erase(now)]) {
      const intent = this.#intents.find(ticket, null)
      if (intent !== null) renew(intent)
    }
  }

  /** What was destroyed goes from the journal too. */
  #erase(now: number): number[] {
    const { erasures } = this.#options.writer
    if (erasures !== this.#erasures) this.#eraser.erase(this.#applied)
    this.#erasures = erasures
    return this.#eraser.step(this.#applied, now)
  }

  #submit(entries: Buffer): void {
    const { writer } = this.#options
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      const kind = entryKind(entries, at)
      if (kind === EntryKind.record) writer.submit(decodeSubmission(entries, at))
      else if (kind === EntryKind.credential) writer.learn(decodeCredential(entries, at))
      else if (kind === EntryKind.lost) this.#countLost(entries, at)
      else if (kind === EntryKind.abandon) this.#submitAbandoned(entries, at)
    }
  }

  #countLost(entries: Buffer, at: number): void {
    const { key, count } = decodeLost(entries, at)
    this.#options.writer.countLost(key, count)
  }

  #submitAbandoned(entries: Buffer, at: number): void {
    const intent = this.#intents.find(entryTicket(entries, at), entries)
    if (intent !== null) this.#options.writer.submit(decodeSubmission(intent, 0))
  }

  /** Cleans one slice of a slot; false where there is nothing to do, or nothing can be done now. */
  #clean(): boolean {
    const { segments } = this.#options
    if (performance.now() < this.#nextClean) return false
    try {
      return segments.cleanSlice()
    } catch (error) {
      this.#nextClean = performance.now() + RETRY_INTERVAL_MS
      if (segments.hasFree) return false
      throw error
    }
  }

  /** Executes what is due, and finds segments that the journal gave up. */
  #sweep(): void {
    const { writer, clock } = this.#options
    const now = clock()
    let swept = 0
    if (writer.hasTimers(now)) {
      writer.commit(this.#applied, now, () => {
        swept = writer.sweep(now, SWEEP_LIMIT)
      })
    }
    this.#recycle()
    this.#nextSweep = swept < SWEEP_LIMIT ? performance.now() + this.#idleMs : 0
  }

  get #idleMs(): number {
    return this.#eraser.pending ? APPLY_INTERVAL_MS : SWEEP_INTERVAL_MS
  }
}
