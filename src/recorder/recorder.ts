import { KeytrailError } from '../errors.ts'
import type { AuditRecord } from '../record.ts'
import type { Credential } from '../store/credentials.ts'
import { type DirectoryLock, lockDirectory } from '../store/lock.ts'
import type { StoreOpened } from './apply-thread.ts'
import { Arrears } from './arrears.ts'
import {
  EntryKind,
  encodeAbandon,
  encodeCredential,
  encodeLost,
  encodeSubmission,
  type KeyEffect,
  MAX_ENTRY_BYTES,
  NO_EFFECT,
} from './entry.ts'
import type { Durability } from './journal.ts'
import { Control, createSharedQueue, Queue, type SharedQueue } from './queue.ts'
import { type Part, Threads, type ThreadsOptions } from './threads.ts'
import { type Waiter, Waiting } from './waiting.ts'

export interface RecorderOptions extends ThreadsOptions {
  /** Bytes of entries that may be on their way; a power of two. */
  readonly queueBytes: number
  /** Longest an exchange waits for the journal, in ms. */
  readonly deadlineMs: number
  /** Told when records can't be taken, and (null) when they can again. */
  onHealth(part: Part, failure: KeytrailError | null): void
}

/** Plain counters since the start. */
export interface RecorderCounters {
  intents: number
  records: number
  /** Records lost for good (`async`). */
  lost: number
  /** Exchanges refused, or answers withheld, because their entry could not be made durable. */
  unavailable: number
}

/** The queue's share that only outcomes may use, so that what was begun can be finished. */
const RESERVED = 0.25
const DEADLINE_CHECK_MS = 100

/** The proxy's side of recording: queues entries for the journal and tells when they are durable. */
export class Recorder {
  readonly counters: RecorderCounters = { intents: 0, records: 0, lost: 0, unavailable: 0 }
  /** What the store is and what its start recovered. */
  readonly store: StoreOpened
  /** For whoever wants what is pending to be applied. */
  readonly shared: SharedQueue
  readonly #durability: Durability
  readonly #deadlineMs: number
  readonly #onHealth: RecorderOptions['onHealth']
  readonly #queue: Queue
  readonly #lock: DirectoryLock
  readonly #threads: Threads
  readonly #waiting = new Waiting()
  readonly #failures = new Map<Part, KeytrailError>()
  readonly #arrears = new Arrears()
  readonly #timer: NodeJS.Timeout
  readonly #publish = (): void => this.#publishHead()
  #head: number
  #applied: number
  #ticket = 0
  #publishing = false

  /** Locks and opens the store, recovers what the journal holds and starts the threads. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const lock = await lockDirectory(options.path)
    try {
      const { path, durability, segmentBytes, maxSegments, mapSize, retention, maxRings, clockOffsetMs } =
        options
      const shared = createSharedQueue(options.queueBytes)
      const threads = await Threads.start(
        { path, durability, segmentBytes, maxSegments, mapSize, retention, maxRings, clockOffsetMs },
        shared,
      )
      return new Recorder(options, { lock, shared, threads })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(
    { durability, deadlineMs, onHealth }: RecorderOptions,
    { lock, shared, threads }: { lock: DirectoryLock; shared: SharedQueue; threads: Threads },
  ) {
    this.#durability = durability
    this.#deadlineMs = deadlineMs
    this.#onHealth = onHealth
    this.#lock = lock
    this.#threads = threads
    this.#queue = new Queue(shared)
    this.shared = shared
    this.store = threads.opened
    this.#head = threads.opened.recovery.position
    this.#applied = this.#head
    threads.watch({
      acknowledged: () => this.#acknowledge(),
      failed: (part, failure) => this.#setFailure(part, failure),
    })
    this.#timer = setInterval(() => this.#check(), DEADLINE_CHECK_MS)
    this.#timer.unref()
  }

  /** Why records can't be taken now; empty when they can. */
  get problems(): string[] {
    return [...this.#failures.values()].map(({ message }) => message)
  }

  /** Bytes of entries that are not in the rings yet. */
  get pendingBytes(): number {
    return this.#head - this.#queue.position(Control.applied, this.#applied)
  }

  /** Exchanges waiting for the journal. */
  get waiting(): number {
    return this.#waiting.count
  }

  /**
   * Makes the intent of `record` (outcome `unknown`) durable, where the mode asks for it; then calls `waiter`,
   * at once where there is nothing to wait for, or no hope. Returns the ticket to finish with.
   */
  begin(record: AuditRecord, effect: KeyEffect, waiter: Waiter): number {
    for (const failure of this.#failures.values()) return this.#refuse(waiter, failure)
    if (!this.#hasRoom(this.#queue.capacity * (1 - RESERVED))) return this.#refuse(waiter, QUEUE_FULL)
    if (this.#durability !== 'strict') {
      waiter.onJournalled(null)
      return 0
    }
    this.counters.intents++
    const ticket = ++this.#ticket
    this.#submit(EntryKind.intent, ticket, record, effect)
    this.#waiting.add(waiter, this.#head, performance.now())
    return ticket
  }

  /** Records an exchange's end; calls `waiter` once that is durable as the mode says (`async`: at once). */
  finish(ticket: number, record: AuditRecord, effect: KeyEffect, waiter: Waiter): void {
    if (!this.#hasRoom(this.#queue.capacity)) {
      this.#giveUp(ticket, record.key, waiter)
      return
    }
    this.counters.records++
    this.#submit(EntryKind.record, ticket, record, effect)
    if (this.#durability === 'async') waiter.onJournalled(null)
    else this.#waiting.add(waiter, this.#head, performance.now())
  }

  /** Records something that nobody waits for. */
  note(ticket: number, record: AuditRecord): void {
    this.finish(ticket, record, NO_EFFECT, NOBODY)
  }

  /** Keeps a token's issuer; durable no later than the next record. */
  learn(credential: Credential): void {
    if (!this.#hasRoom(this.#queue.capacity)) return
    const start = this.#queue.open(this.#head)
    this.#put(encodeCredential(credential, this.#queue.target, start) - start)
  }

  /** Writes and applies everything, then ends the threads and frees the data directory. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#publishHead()
    await this.#threads.close(this.#head)
    this.#acknowledge()
    this.#waiting.fail(new KeytrailError('STORE_UNAVAILABLE', 'keytrail has stopped'))
    await this.#lock.release()
  }

  #submit(kind: number, ticket: number, record: AuditRecord, effect: KeyEffect): void {
    const start = this.#queue.open(this.#head)
    this.#put(encodeSubmission(kind, ticket, record, effect, this.#queue.target, start) - start)
  }

  #put(length: number): void {
    this.#head = this.#queue.put(this.#head, length)
    if (this.#publishing) return
    // All entries of this turn of the event loop go to the journal as one group.
    this.#publishing = true
    setImmediate(this.#publish)
  }

  #publishHead(): void {
    this.#publishing = false
    if (!this.#arrears.isEmpty) this.#settleArrears()
    this.#queue.publish(Control.head, this.#head)
  }

  #hasRoom(limit: number): boolean {
    if (this.#head + MAX_ENTRY_BYTES - this.#applied <= limit) return true
    this.#applied = this.#queue.position(Control.applied, this.#applied)
    return this.#head + MAX_ENTRY_BYTES - this.#applied <= limit
  }

  #giveUp(ticket: number, key: string, waiter: Waiter): void {
    if (ticket !== 0) {
      this.#arrears.abandon(ticket)
    } else {
      this.counters.lost++
      this.#arrears.lose(key)
    }
    if (this.#durability === 'async') waiter.onJournalled(null)
    else this.#refuse(waiter, QUEUE_FULL)
  }

  #settleArrears(): void {
    this.#arrears.settle(
      (ticket) => this.#settleOne((target, start) => encodeAbandon(ticket, target, start)),
      (key, count) => this.#settleOne((target, start) => encodeLost(key, count, target, start)),
    )
  }

  #settleOne(encode: (target: Buffer, start: number) => number): boolean {
    if (!this.#hasRoom(this.#queue.capacity)) return false
    const start = this.#queue.open(this.#head)
    this.#head = this.#queue.put(this.#head, encode(this.#queue.target, start) - start)
    return true
  }

  #acknowledge(): void {
    Atomics.store(this.#queue.control, Control.acknowledging, 0)
    // COMMITTED is never further behind the head than a queue's length.
    const known = this.#head - this.#queue.capacity
    this.#waiting.release(this.#queue.position(Control.committed, known))
  }

  #refuse(waiter: Waiter, error: KeytrailError): 0 {
    this.counters.unavailable++
    waiter.onJournalled(error)
    return 0
  }

  #setFailure(part: Part, failure: KeytrailError | null): void {
    if (failure === null) this.#failures.delete(part)
    else this.#failures.set(part, failure)
    this.#onHealth(part, failure)
    if (failure !== null && part === 'journal') this.#failWaiting(failure)
  }

  #check(): void {
    if (!this.#arrears.isEmpty) this.#publishHead()
    if (performance.now() - this.#waiting.oldestSince < this.#deadlineMs) return
    this.#failWaiting(
      new KeytrailError('STORE_UNAVAILABLE', `the journal took longer than ${this.#deadlineMs} ms`),
    )
  }

  #failWaiting(error: KeytrailError): void {
    this.counters.unavailable += this.#waiting.count
    this.#waiting.fail(error)
  }
}

const NOBODY: Waiter = { onJournalled: () => undefined }

const QUEUE_FULL = new KeytrailError(
  'QUEUE_FULL',
  'the queue to the journal is full: records come faster than they can be stored',
)
