import type { AuditRecord } from '../record.ts'
import type { Credential } from '../store/credentials.ts'
import {
  encodeAbandon,
  encodeCredential,
  encodeLost,
  encodeSubmission,
  type KeyEffect,
  MAX_ENTRY_BYTES,
} from './entry.ts'
import { Control, Queue, type SharedQueue } from './queue.ts'

/** From this share of the queue on, the rings do not wait for more records to take together. */
const PRESSING_SHARE = 0.5

/**
 * The proxy's end of the queue. Every entry needs room first: {@link hasRoom}. Nobody else sees it before
 * {@link publish}.
 */
export class QueueWriter {
  readonly #queue: Queue
  #head: number
  #published: number
  /** As far as it was known last. */
  #applied: number

  /** `position` is the absolute one of the first entry. */
  constructor(shared: SharedQueue, position: number) {
    this.#queue = new Queue(shared)
    this.#head = position
    this.#published = position
    this.#applied = position
  }

  /** Absolute position behind the last entry. */
  get head(): number {
    return this.#head
  }

  /** Absolute position behind the last entry that the journal has been told of. */
  get published(): number {
    return this.#published
  }

  /** Absolute position up to which entries are durable as the mode says. */
  get committed(): number {
    // It is never further behind the head than a queue's length.
    return this.#queue.position(Control.committed, this.#head - this.#queue.capacity)
  }

  /** Absolute position up to which entries are in the rings. */
  get applied(): number {
    return this.#queue.position(Control.applied, this.#head - this.#queue.capacity)
  }

  /** What is {@link committed}; the journal tells once more when that moves on. */
  lookAgain(): number {
    Atomics.store(this.#queue.control, Control.acknowledging, 0)
    return this.committed
  }

  /** Bytes of entries that are not in the rings yet. */
  get pending(): number {
    return this.#head - this.applied
  }

  /** Whether any entry fits into the queue's `share` (up to 1). */
  hasRoom(share: number): boolean {
    const limit = this.#queue.capacity * share - MAX_ENTRY_BYTES
    if (this.#head - this.#applied <= limit) return true
    this.#applied = this.#queue.position(Control.applied, this.#applied)
    if (this.#head - this.#applied > this.#queue.capacity * PRESSING_SHARE) this.#press()
    return this.#head - this.#applied <= limit
  }

  submit(kind: number, ticket: number, record: AuditRecord, effect: KeyEffect): void {
    const start = this.#queue.open(this.#head)
    this.#put(encodeSubmission(kind, ticket, record, effect, this.#queue.target, start) - start)
  }

  learn(credential: Credential): void {
    const start = this.#queue.open(this.#head)
    this.#put(encodeCredential(credential, this.#queue.target, start) - start)
  }

  abandon(ticket: number): void {
    const start = this.#queue.open(this.#head)
    this.#put(encodeAbandon(ticket, this.#queue.target, start) - start)
  }

  lose(key: string, count: number): void {
    const start = this.#queue.open(this.#head)
    this.#put(encodeLost(key, count, this.#queue.target, start) - start)
  }

  /** Puts an entry's bytes once more. */
  repeat(entry: Buffer): void {
    const start = this.#queue.open(this.#head)
    this.#put(entry.copy(this.#queue.target, start))
  }

  /** Hands all entries over to the journal. */
  publish(): void {
    this.#published = this.#head
    this.#queue.publish(Control.head, this.#head)
  }

  /** Has what is pending journalled and applied at once, to make room. */
  #press(): void {
    this.publish()
    Atomics.add(this.#queue.control, Control.flush, 1)
    Atomics.notify(this.#queue.control, Control.flush)
  }

  #put(length: number): void {
    this.#head = this.#queue.put(this.#head, length)
  }
}
