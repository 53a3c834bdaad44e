import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { AppliedStore } from '../../src/recorder/applier.ts'
import {
  EntryKind,
  encodeAbandon,
  encodeCredential,
  encodeLost,
  encodeSubmission,
  NO_EFFECT,
} from '../../src/recorder/entry.ts'
import { type Durability, Journal } from '../../src/recorder/journal.ts'
import { LiveSegments } from '../../src/recorder/live-segments.ts'
import { Control, createSharedQueue, Queue } from '../../src/recorder/queue.ts'
import type { RecoveredStore } from '../../src/recorder/recovery.ts'
import type { Credential } from '../../src/store/credentials.ts'
import type { Run } from '../../src/store/gap.ts'
import type { JournalMark } from '../../src/store/journal-mark.ts'
import { decodeRecord } from '../../src/store/record-codec.ts'
import type { Submission } from '../../src/store/submission.ts'
import { auditRecord } from '../store/audit-record.ts'

export const INSTANCE = Buffer.from('instance-of-test')

/** Writes one entry at `start`; returns the offset behind it. */
export type Entry = (target: Buffer, start: number) => number

/** An intent that is told by its ticket. */
export function intent(ticket: number): Entry {
  const record = auditRecord({ requestId: String(ticket), outcome: 'unknown' })
  return (target, start) => encodeSubmission(EntryKind.intent, ticket, record, NO_EFFECT, target, start)
}

/** The record of the intent with this ticket, or (`id`) of none. */
export function record(ticket: number, id = String(ticket), padding = 0): Entry {
  const fields = auditRecord({ requestId: id, key: `k${'x'.repeat(padding)}` })
  return (target, start) => encodeSubmission(EntryKind.record, ticket, fields, NO_EFFECT, target, start)
}

export function abandon(ticket: number): Entry {
  return (target, start) => encodeAbandon(ticket, target, start)
}

export function lost(key: string, count: number): Entry {
  return (target, start) => encodeLost(key, count, target, start)
}

export function credential(issuer: string): Entry {
  const hash = Buffer.alloc(32, issuer)
  return (target, start) => encodeCredential({ hash, expires: 1, issuer, key: 'k' }, target, start)
}

export interface JournalSettings {
  readonly durability?: Durability
  readonly segmentBytes?: number
  readonly maxSegments?: number
  readonly queueBytes?: number
  readonly position?: number
  readonly sequence?: number
  /** Free slots there are at the start. */
  readonly slots?: number
  /** {@link Journal}, or one with a faulty file system. */
  readonly journal?: typeof Journal
}

/** A queue and a journal that write to a directory within this thread, one group after the other. */
export class TestJournal {
  readonly directory: string
  readonly queue: Queue
  readonly segments: LiveSegments
  /** What was reported, in order: messages, and null for «it works again». */
  readonly reports: (string | null)[] = []
  /** Called on each report and on each group made durable. */
  onReport: (error: Error | null) => void = () => undefined
  onCommit: (position: number) => void = () => undefined
  /** Whether the journal goes on when it has written all groups, until {@link stop}. */
  endless = false
  #head: number
  readonly #durability: Durability
  readonly #groups: Entry[][] = []
  readonly #journal: Journal

  constructor(directory: string, settings: JournalSettings = {}) {
    const { durability = 'strict', segmentBytes = 65_536, maxSegments = 8, queueBytes = 65_536 } = settings
    const { position = 0, sequence = 1, slots = 4, journal = Journal } = settings
    mkdirSync(directory, { recursive: true })
    this.directory = directory
    this.#durability = durability
    this.queue = new Queue(createSharedQueue(queueBytes))
    const options = { queue: this.queue, directory, segmentBytes, maxSegments }
    this.segments = new LiveSegments({
      ...options,
      free: [],
      dirty: Array.from({ length: slots }, (_, i) => i),
    })
    while (this.segments.cleanSlice());
    for (const place of [Control.head, Control.committed, Control.applied])
      this.queue.publish(place, position)
    this.#head = position
    this.#journal = new journal({
      ...options,
      durability,
      instance: INSTANCE,
      position,
      sequence,
      resumedAfter: null,
      acknowledge: () => this.#acknowledged(),
      failed: (error) => {
        this.reports.push(error === null ? null : error.message)
        this.onReport(error)
      },
    })
  }

  get head(): number {
    return this.#head
  }

  get committed(): number {
    return this.queue.position(Control.committed, this.#head - this.queue.capacity)
  }

  /** Writes each of `groups` as one, in order. */
  write(...groups: readonly Entry[][]): this {
    this.#groups.push(...groups)
    this.#next()
    // Nobody is told of it there.
    while (this.#durability === 'async' && this.#groups.length > 0) this.#next()
    if (this.#durability === 'async') this.stop()
    this.#journal.run()
    return this
  }

  /** Queues entries, as a group of their own if the journal has nothing else to do. */
  queueEntries(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const start = this.queue.open(this.#head)
      this.#head = this.queue.put(this.#head, entry(this.queue.target, start) - start)
    }
    this.queue.publish(Control.head, this.#head)
  }

  stop(): void {
    Atomics.store(this.queue.control, Control.stop, 1)
  }

  #next(): void {
    const group = this.#groups.shift()
    if (group !== undefined) this.queueEntries(group)
    else if (!this.endless) this.stop()
  }

  #acknowledged(): void {
    Atomics.store(this.queue.control, Control.acknowledging, 0)
    this.onCommit(this.committed)
    this.#next()
  }
}

/** A journal in a directory of the test's own. */
export function testJournal(t: Test, settings: JournalSettings = {}): TestJournal {
  return new TestJournal(join(t.testdir({}), 'journal'), settings)
}

/** A run of a test's. */
export const RUN: Run = { durability: 'strict', boot: 'one', time: 0 }

/** Of a store whose last run did not end cleanly, on slots it does not know of. */
export const UNCLEAN: JournalMark = { epoch: 0, slots: [], clean: false }

/** The least of a store: what was submitted, transaction by transaction. */
export class MemoryStore implements RecoveredStore, AppliedStore {
  readonly instance: Buffer
  position: number
  settled = 0
  erasures = 0
  mark: JournalMark
  /** `id:outcome` of each record, in order. */
  records: string[] = []
  lost: string[] = []
  issuers: string[] = []
  /** Timers that are due. */
  timers = 0
  /** How many transactions fail before one works. */
  failures = 0

  constructor({ instance = INSTANCE, position = 0, mark = UNCLEAN } = {}) {
    this.instance = instance
    this.position = position
    this.mark = mark
  }

  /** Its runs lose nothing. */
  beginRun(): null {
    return null
  }

  setMark(mark: JournalMark): void {
    this.mark = mark
  }

  commit(position: number, _now: number, work: () => void): void {
    const before = { records: [...this.records], lost: [...this.lost], issuers: [...this.issuers] }
    const { settled, mark } = this
    work()
    if (this.failures-- > 0) {
      Object.assign(this, before, { settled, mark })
      throw new Error('disk on fire')
    }
    this.position = position
  }

  submit({ key, record }: Submission): void {
    const { requestId, outcome } = decodeRecord(record, 0, record.length, key)
    this.records.push(`${requestId}:${outcome}`)
  }

  learn({ issuer }: Credential): void {
    this.issuers.push(issuer)
  }

  countLost(key: string, count: number): void {
    this.lost.push(`${key}:${count}`)
  }

  hasTimers(): boolean {
    return this.timers > 0
  }

  sweep(): number {
    return this.timers--
  }

  settle(position: number): void {
    this.settled = position
  }
}
