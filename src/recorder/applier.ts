import type { StoreWriter, Submission } from '../store/writer.ts'
import {
  decodeCredential,
  decodeLost,
  decodeSubmission,
  EntryKind,
  entryKind,
  entryLength,
  entryTicket,
} from './entry.ts'
import type { LiveSegments } from './live-segments.ts'
import { Control, type Queue } from './queue.ts'

export interface ApplierOptions {
  readonly queue: Queue
  readonly writer: StoreWriter
  readonly segments: LiveSegments
  /** Absolute position up to which the rings are complete. */
  readonly position: number
  /** Unix ms. */
  readonly clock: () => number
  /** The rings can't be written (null: they can again). It keeps trying. */
  failed(error: Error | null): void
}

/** Least time between two transactions, unless somebody asks for what is pending. */
const APPLY_INTERVAL_MS = 20
const SWEEP_INTERVAL_MS = 500
const RETRY_INTERVAL_MS = 250
/** Timers worked off in one transaction. */
const SWEEP_LIMIT = 200

/**
 * Puts journalled records into their rings, one durable transaction a batch; between batches it sweeps and
 * recycles segments. Blocks its thread; never yields.
 */
export class Applier {
  readonly #options: ApplierOptions
  readonly #intents = new Map<number, Submission>()
  #applied: number
  #lastApply = 0
  /** The flush counter as it stood at the last batch. */
  #flushed = 0
  #lastSweep = 0
  #failing = false

  constructor(options: ApplierOptions) {
    this.#options = options
    this.#applied = options.position
  }

  /** Returns once the queue is told to stop and everything durable is applied. */
  run(): void {
    const { control } = this.#options.queue
    for (;;) {
      try {
        if (!this.#step()) return
        this.#recovered()
      } catch (error) {
        this.#failing = true
        this.#options.failed(error as Error)
        if (Atomics.load(control, Control.stop) > 1) return
        Atomics.wait(control, Control.stop, Atomics.load(control, Control.stop), RETRY_INTERVAL_MS)
      }
    }
  }

  /** One batch, one piece of housekeeping, or one wait; false at the end. */
  #step(): boolean {
    const { queue, segments } = this.#options
    const { control } = queue
    const flush = Atomics.load(control, Control.flush)
    const stopping = Atomics.load(control, Control.stop) > 1
    const committed = queue.position(Control.committed, this.#applied)
    if (committed !== this.#applied) {
      const wait = this.#lastApply + APPLY_INTERVAL_MS - performance.now()
      if (wait <= 0 || stopping || flush !== this.#flushed) {
        this.#apply(committed, flush)
      } else if (!segments.cleanSlice()) {
        Atomics.wait(control, Control.flush, flush, wait)
      }
      return true
    }
    if (stopping) return false
    this.#flushed = flush
    if (performance.now() - this.#lastSweep >= SWEEP_INTERVAL_MS) this.#sweep()
    else if (!segments.cleanSlice())
      Atomics.wait(control, Control.committed, committed | 0, SWEEP_INTERVAL_MS)
    return true
  }

  #recovered(): void {
    if (!this.#failing) return
    this.#failing = false
    this.#options.failed(null)
  }

  #apply(to: number, flush: number): void {
    const { queue, writer, segments, clock } = this.#options
    const from = this.#applied
    const entries = queue.copy(from, to)
    segments.update(from)
    this.#openIntents(entries, from)
    writer.commit(to, clock(), () => this.#submit(entries))
    this.#closeIntents(entries)
    this.#applied = to
    this.#lastApply = performance.now()
    this.#flushed = flush
    queue.publish(Control.applied, to)
    segments.recycle(to)
  }

  #submit(entries: Buffer): void {
    const { writer } = this.#options
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      const kind = entryKind(entries, at)
      if (kind === EntryKind.record) writer.submit(decodeSubmission(entries, at))
      else if (kind === EntryKind.credential) writer.learn(decodeCredential(entries, at))
      else if (kind === EntryKind.lost) this.#countLost(entries, at)
      else if (kind === EntryKind.abandon) this.#submitAbandoned(entryTicket(entries, at))
    }
  }

  #countLost(entries: Buffer, at: number): void {
    const { key, count } = decodeLost(entries, at)
    this.#options.writer.countLost(key, count)
  }

  #submitAbandoned(ticket: number): void {
    const intent = this.#intents.get(ticket)
    if (intent !== undefined) this.#options.writer.submit(intent)
  }

  /** Done before the transaction and again if that has to be repeated, so it must not count twice. */
  #openIntents(entries: Buffer, position: number): void {
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      if (entryKind(entries, at) !== EntryKind.intent) continue
      const ticket = entryTicket(entries, at)
      if (this.#intents.has(ticket)) continue
      this.#intents.set(ticket, decodeSubmission(entries, at))
      this.#options.segments.hold(ticket, position + at)
    }
  }

  #closeIntents(entries: Buffer): void {
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      const ticket = entryTicket(entries, at)
      if (entryKind(entries, at) === EntryKind.intent || !this.#intents.delete(ticket)) continue
      this.#options.segments.release(ticket)
    }
  }

  #sweep(): void {
    const { writer, clock } = this.#options
    this.#lastSweep = performance.now()
    const now = clock()
    if (writer.hasTimers(now)) {
      writer.commit(this.#applied, now, () => {
        writer.sweep(now, SWEEP_LIMIT)
      })
    }
  }
}
