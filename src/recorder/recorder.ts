import { setTimeout as delay } from 'node:timers/promises'
import { KeytrailError } from '../errors.ts'
import type { AuditRecord } from '../record.ts'
import type { Credential } from '../store/credentials.ts'
import { type DirectoryLock, lockDirectory } from '../store/lock.ts'
import type { StoreOpened } from './apply-thread.ts'
import { Arrears } from './arrears.ts'
import { EntryKind, entryTicket, type KeyEffect } from './entry.ts'
import type { Durability } from './journal.ts'
import { Control, createSharedQueue, type SharedQueue } from './queue.ts'
import { QueueWriter } from './queue-writer.ts'
import { type Part, Threads, type ThreadsOptions } from './threads.ts'
import { type Waiter, Waiting } from './waiting.ts'

export interface RecorderOptions extends ThreadsOptions {
  /** Bytes of entries that may be on their way. */
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

/** The queue's share that new exchanges may use; the rest is for outcomes, so that what was begun can be finished. */
const BEGIN_SHARE = 0.75
const WHOLE = 1
const DEADLINE_CHECK_MS = 100
/** How long entries collect where nobody waits for them. */
const ASYNC_GROUP_MS = 5
const ARREARS_INTERVAL_MS = 5

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
  readonly #queue: QueueWriter
  readonly #lock: DirectoryLock
  readonly #control: Int32Array
  readonly #threads: Threads
  readonly #waiting = new Waiting()
  readonly #failures = new Map<Part, KeytrailError>()
  readonly #arrears = new Arrears()
  /** Tickets of intents that are not finished. */
  readonly #open = new Set<number>()
  readonly #timer: NodeJS.Timeout
  readonly #publish = (): void => this.#publishHead()
  #ticket = 0
  #publishing = false
  /** Somebody has waited past the deadline, and the journal has not moved since. */
  #stuck = false
  #closing: Promise<void> | null = null

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
    this.shared = shared
    this.#control = new Int32Array(shared.control)
    this.store = threads.opened
    this.#queue = new QueueWriter(shared, threads.opened.recovery.position)
    threads.watch({
      acknowledged: () => this.#acknowledge(),
      renew: (entry) => this.#renew(Buffer.from(entry.buffer, entry.byteOffset, entry.length)),
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
    return this.#queue.pending
  }

  /** By how much the system's clock is ahead of the time that is believed, in ms; 0 unless it is held. */
  get clockAheadMs(): number {
    return 1000 * Atomics.load(this.#control, Control.clockAhead)
  }

  /** Exchanges waiting for the journal. */
  get waiting(): number {
    return this.#waiting.count
  }

  /**
   * Makes the intent of `record` (outcome `unknown`) durable, where the mode asks for it; then calls `waiter`,
   * at once where there is nothing to wait for, or no hope. Returns the ticket to finish with. In `async`
   * nobody is ever refused: what can't be recorded is counted when it is finished.
   */
  begin(record: AuditRecord, effect: KeyEffect, waiter: Waiter): number {
    if (this.#durability === 'async') {
      waiter.onJournalled(null)
      return 0
    }
    if (this.#closing !== null) return this.#refuse(waiter, STOPPED)
    for (const failure of this.#failures.values()) return this.#refuse(waiter, failure)
    if (!this.#queue.hasRoom(BEGIN_SHARE)) return this.#refuse(waiter, QUEUE_FULL)
    if (this.#durability !== 'strict') {
      waiter.onJournalled(null)
      return 0
    }
    this.counters.intents++
    const ticket = ++this.#ticket
    this.#queue.submit(EntryKind.intent, ticket, record, effect)
    this.#open.add(ticket)
    this.#publishSoon()
    this.#waiting.add(waiter, this.#queue.head, performance.now())
    return ticket
  }

  /** Records an exchange's end; calls `waiter` once that is durable as the mode says (`async`: at once). */
  finish(ticket: number, record: AuditRecord, effect: KeyEffect, waiter: Waiter): void {
    this.#open.delete(ticket)
    if (this.#threads.ended) {
      this.#refuse(waiter, STOPPED)
      return
    }
    if (!this.#queue.hasRoom(WHOLE)) {
      this.#giveUp(ticket, record.key, effect.otherKey, waiter)
      return
    }
    this.counters.records++
    this.#queue.submit(EntryKind.record, ticket, record, effect)
    this.#publishSoon()
    if (this.#durability === 'async') waiter.onJournalled(null)
    else this.#waiting.add(waiter, this.#queue.head, performance.now())
  }

  /** Records something that nobody waits for. */
  note(ticket: number, record: AuditRecord, effect: KeyEffect): void {
    this.finish(ticket, record, effect, NOBODY)
  }

  /** Keeps a token's issuer; durable no later than the next record. */
  learn(credential: Credential): void {
    if (!this.#queue.hasRoom(WHOLE)) return
    this.#queue.learn(credential)
    this.#publishSoon()
  }

  /** Writes and applies everything, then ends the threads and frees the data directory. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#payArrears()
    clearInterval(this.#timer)
    this.#publishHead()
    await this.#threads.close()
    this.#acknowledge()
    this.#waiting.fail(STOPPED)
    await this.#lock.release()
  }

  /** What found no room is told before the end, as long as the rings make room. */
  async #payArrears(): Promise<void> {
    const deadline = performance.now() + this.#deadlineMs
    while (!this.#arrears.isEmpty && this.#failures.size === 0 && performance.now() < deadline) {
      this.#publishHead()
      await delay(ARREARS_INTERVAL_MS)
    }
  }

  /** All entries of this turn of the event loop go to the journal as one group; in `async`, those of some ms. */
  #publishSoon(): void {
    if (this.#publishing) return
    this.#publishing = true
    if (this.#durability === 'async') setTimeout(this.#publish, ASYNC_GROUP_MS)
    else setImmediate(this.#publish)
  }

  #publishHead(): void {
    this.#publishing = false
    if (!this.#arrears.isEmpty) this.#settleArrears()
    this.#queue.publish()
  }

  #giveUp(ticket: number, key: string, otherKey: string, waiter: Waiter): void {
    if (ticket !== 0) {
      this.#arrears.abandon(ticket)
    } else {
      this.counters.lost++
      this.#arrears.lose(key)
      if (otherKey !== '') this.#arrears.lose(otherKey)
    }
    if (this.#durability === 'async') waiter.onJournalled(null)
    else this.#refuse(waiter, QUEUE_FULL)
  }

  #settleArrears(): void {
    this.#arrears.settle(
      (ticket) => {
        if (!this.#queue.hasRoom(WHOLE)) return false
        this.#queue.abandon(ticket)
        return true
      },
      (key, count) => {
        if (!this.#queue.hasRoom(WHOLE)) return false
        this.#queue.lose(key, count)
        return true
      },
    )
  }

  #acknowledge(): void {
    this.#waiting.release(this.#queue.lookAgain())
    if (!this.#stuck) return
    this.#stuck = false
    this.#setFailure('journal', null)
  }

  /** An intent that keeps old segments is repeated; one that has been finished meanwhile must not be. */
  #renew(entry: Buffer): void {
    if (!this.#open.has(entryTicket(entry, 0)) || !this.#queue.hasRoom(WHOLE)) return
    this.#queue.repeat(entry)
    this.#publishSoon()
  }

  #refuse(waiter: Waiter, error: KeytrailError): 0 {
    this.counters.unavailable++
    waiter.onJournalled(error)
    return 0
  }

  #setFailure(part: Part, failure: KeytrailError | null): void {
    const known = this.#failures.get(part)
    if (failure === null) this.#failures.delete(part)
    else this.#failures.set(part, failure)
    if (known?.message !== failure?.message) this.#onHealth(part, failure)
    if (failure !== null && part === 'journal') this.#failWaiting(failure)
  }

  #check(): void {
    if (!this.#arrears.isEmpty) this.#publishHead()
    if (performance.now() - this.#waiting.oldestSince < this.#deadlineMs) return
    this.#stuck = true
    const late = `the journal took longer than ${this.#deadlineMs} ms`
    this.#setFailure('journal', new KeytrailError('STORE_UNAVAILABLE', late))
  }

  #failWaiting(error: KeytrailError): void {
    this.counters.unavailable += this.#waiting.count
    this.#waiting.fail(error)
  }
}

const NOBODY: Waiter = { onJournalled: () => undefined }

const STOPPED = new KeytrailError('STORE_UNAVAILABLE', 'keytrail is stopping')

const QUEUE_FULL = new KeytrailError(
  'QUEUE_FULL',
  'the queue to the journal is full: records come faster than they can be stored',
)
