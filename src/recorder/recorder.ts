import { setTimeout as delay } from 'node:timers/promises'
import type { KeytrailError } from '../errors.ts'
import type { AuditRecord } from '../record.ts'
import type { Credential } from '../store/credentials.ts'
import { type DirectoryLock, lockDirectory } from '../store/lock.ts'
import type { StoreOpened } from './apply-thread.ts'
import { Arrears } from './arrears.ts'
import { EntryKind, entryTicket, type KeyEffect } from './entry.ts'
import { FileWatch } from './file-watch.ts'
import { Health, type OnHealth, type Part } from './health.ts'
import type { Durability } from './journal.ts'
import { Control, createSharedQueue, type SharedQueue } from './queue.ts'
import { QueueWriter } from './queue-writer.ts'
import { QUEUE_FULL, STOPPED, type StoreFailure } from './store-failure.ts'
import { type OpenedThread, Threads, type ThreadsEvents, type ThreadsOptions } from './threads.ts'
import { type Waiter, Waiting } from './waiting.ts'

export interface RecorderOptions extends ThreadsOptions {
  /** Bytes of entries that may be on their way. */
  readonly queueBytes: number
  /** Longest an exchange waits for the journal, in ms. */
  readonly deadlineMs: number
  /** Told when records can't be taken, and (null) when they can again. */
  readonly onHealth: OnHealth
}

/** Plain counters since the start. */
export interface RecorderCounters {
  intents: number
  records: number
  /** Records lost for good. */
  lost: number
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
  readonly counters: RecorderCounters = { intents: 0, records: 0, lost: 0 }
  /** What the store is and what its start recovered. */
  readonly store: StoreOpened
  /** For whoever wants what is pending to be applied. */
  readonly shared: SharedQueue
  readonly #durability: Durability
  readonly #deadlineMs: number
  readonly #queue: QueueWriter
  readonly #lock: DirectoryLock
  readonly #control: Int32Array
  readonly #threads: Threads
  readonly #waiting = new Waiting()
  readonly #files: FileWatch
  readonly #health: Health
  readonly #arrears = new Arrears()
  /** Tickets of intents that are not finished. */
  readonly #open = new Set<number>()
  readonly #timer: NodeJS.Timeout
  readonly #publish = (): void => this.#publishHead()
  #ticket = 0
  #publishing = false
  #closing: Promise<void> | null = null

  /** Locks and opens the store, recovers what the journal holds and starts the threads. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const lock = await lockDirectory(options.path)
    try {
      const { queueBytes, deadlineMs: _deadline, onHealth: _told, ...own } = options
      const shared = createSharedQueue(queueBytes)
      const thread = await Threads.open(own, shared)
      return new Recorder(options, { lock, shared, thread })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(
    options: RecorderOptions,
    { lock, shared, thread }: { lock: DirectoryLock; shared: SharedQueue; thread: OpenedThread },
  ) {
    const { durability, deadlineMs, onHealth, path } = options
    this.#durability = durability
    this.#deadlineMs = deadlineMs
    this.#health = new Health(deadlineMs, onHealth)
    this.#lock = lock
    this.shared = shared
    this.#control = new Int32Array(shared.control)
    this.store = thread.opened
    this.#queue = new QueueWriter(shared, thread.opened.recovery.position)
    this.#threads = new Threads(options, thread, this.#events())
    const { directory } = this.store
    const report = (failure: StoreFailure | null): void => this.#setFailure('files', failure)
    this.#files = new FileWatch({ path, directory, shared, deadlineMs, report })
    this.#timer = setInterval(() => this.#check(), DEADLINE_CHECK_MS)
    this.#timer.unref()
  }

  #events(): ThreadsEvents {
    return {
      acknowledged: () => this.#acknowledge(),
      renew: (entry) => this.#renew(Buffer.from(entry.buffer, entry.byteOffset, entry.length)),
      failed: (part, failure) => this.#setFailure(part, failure),
      head: () => this.#queue.head,
    }
  }

  /** Why records can't be taken now; empty when they can. */
  get problems(): string[] {
    return this.#health.problems
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
   * nobody is ever refused: what can't be recorded is counted when it is finished. `lasting`:
   * there is an intent in `committed`, too, for the client sees something of it before it ends.
   */
  begin(record: AuditRecord, effect: KeyEffect, waiter: Waiter, lasting = false): number {
    if (this.#durability === 'async') {
      waiter.onJournalled(null)
      return 0
    }
    if (this.#closing !== null) return this.#refuse(waiter, STOPPED)
    const { failure } = this.#health
    if (failure !== null) return this.#refuse(waiter, failure)
    if (!this.#queue.hasRoom(BEGIN_SHARE)) return this.#refuse(waiter, QUEUE_FULL)
    if (this.#durability !== 'strict' && !lasting) {
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
    if (this.#durability === 'async') {
      waiter.onJournalled(null)
      return
    }
    const failure = this.#health.journalFailure
    if (failure === null) this.#waiting.add(waiter, this.#queue.head, performance.now())
    else waiter.onJournalled(failure)
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
    this.#files.close()
    this.#publishHead()
    await this.#threads.close()
    this.#acknowledge()
    this.#waiting.fail(STOPPED)
    await this.#lock.release()
  }

  /** What found no room is told before the end, as long as the rings make room. */
  async #payArrears(): Promise<void> {
    const deadline = performance.now() + this.#deadlineMs
    while (!this.#arrears.isEmpty && this.#health.failure === null && performance.now() < deadline) {
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
  }

  /** An intent that keeps old segments is repeated; one that has been finished meanwhile must not be. */
  #renew(entry: Buffer): void {
    if (!this.#open.has(entryTicket(entry, 0)) || !this.#queue.hasRoom(WHOLE)) return
    this.#queue.repeat(entry)
    this.#publishSoon()
  }

  #refuse(waiter: Waiter, error: KeytrailError): 0 {
    waiter.onJournalled(error)
    return 0
  }

  #setFailure(part: Part, failure: StoreFailure | null): void {
    this.#health.set(part, failure)
    if (failure !== null && part !== 'rings') this.#waiting.fail(failure)
  }

  #check(): void {
    if (!this.#arrears.isEmpty) this.#publishHead()
    // What is told by messages alone would come too late after a pause of the whole process.
    this.#acknowledge()
    const now = performance.now()
    const failed = this.#health.check(this.#queue, now - this.#waiting.oldestSince, now)
    if (failed !== null) this.#waiting.fail(failed)
  }
}

const NOBODY: Waiter = { onJournalled: () => undefined }
