import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { ClockOffset } from '../clock.ts'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import type { Retention } from '../store/ring.ts'
import { startThread, threadEnd } from '../thread.ts'
import type { ApplyThreadData, StoreOpened } from './apply-thread.ts'
import type { Durability } from './journal.ts'
import type { JournalThreadData } from './journal-thread.ts'
import { Control, Queue, type SharedQueue } from './queue.ts'
import { ACKNOWLEDGEMENT, type Renewal, type ThreadFailure } from './thread-message.ts'

/** The part of recording a thread does. */
export type Part = 'journal' | 'rings'

export interface ThreadsOptions {
  /** The data directory. */
  readonly path: string
  readonly durability: Durability
  readonly segmentBytes: number
  readonly maxSegments: number
  readonly mapSize: number
  readonly retention: Retention
  readonly maxRings: number
  /** Moves the store's clock, in ms (tests). */
  readonly clockOffsetMs: ClockOffset
}

export interface ThreadsEvents {
  /** COMMITTED has moved. */
  acknowledged(): void
  /** An intent is to be journalled once more if it is still open. */
  renew(entry: Uint8Array): void
  /** A part can't do its work, or (null) can again. */
  failed(part: Part, failure: KeytrailError | null): void
}

/** The journal's thread and the applying one. */
export class Threads {
  readonly opened: StoreOpened
  readonly #queue: Queue
  readonly #journal: Worker
  readonly #rings: Worker
  #closing = false
  #ended = false

  /** Opens and recovers the store; throws what the applying thread reports instead of an open store. */
  static async start(options: ThreadsOptions, shared: SharedQueue): Promise<Threads> {
    const data: ApplyThreadData = { ...options, maxSegments: enoughSegments(options, shared), queue: shared }
    const rings = startThread(import.meta.url, './apply-thread', data)
    const [message] = (await once(rings, 'message')) as [StoreOpened | ThreadFailure]
    if (message.kind === 'opened') return new Threads(options, shared, rings, message)
    await rings.terminate()
    throw new KeytrailError(storeErrorCode(message.code), message.message ?? 'the store could not be opened')
  }

  private constructor(
    { durability, segmentBytes }: ThreadsOptions,
    shared: SharedQueue,
    rings: Worker,
    opened: StoreOpened,
  ) {
    const { directory, instance, recovery } = opened
    const { position, sequence } = recovery
    const data: JournalThreadData = {
      queue: shared,
      directory,
      segmentBytes,
      durability,
      instance,
      position,
      sequence,
      resumedAfter: null,
    }
    this.opened = opened
    this.#queue = new Queue(shared)
    this.#rings = rings
    this.#journal = startThread(import.meta.url, './journal-thread', data)
  }

  /** Whether nothing more will be written. */
  get ended(): boolean {
    return this.#ended
  }

  /** Call at once: what the threads said before is not kept. */
  watch(events: ThreadsEvents): void {
    this.#watchOne('journal', this.#journal, events)
    this.#watchOne('rings', this.#rings, events)
  }

  /** Has everything published written and applied, then ends both threads. */
  async close(): Promise<void> {
    this.#closing = true
    this.#stop(1)
    await threadEnd(this.#journal)
    this.#ended = true
    this.#stop(2)
    await threadEnd(this.#rings)
  }

  #stop(step: number): void {
    const { control } = this.#queue
    Atomics.store(control, Control.stop, step)
    for (const place of [Control.stop, Control.head, Control.committed, Control.flush])
      Atomics.notify(control, place)
  }

  #watchOne(part: Part, thread: Worker, events: ThreadsEvents): void {
    thread.on('message', (message: typeof ACKNOWLEDGEMENT | Renewal | ThreadFailure) => {
      if (message === ACKNOWLEDGEMENT) events.acknowledged()
      else if (message.kind === 'renew') events.renew(message.entry)
      else if (message.message === null) events.failed(part, null)
      else events.failed(part, partFailure(part, message.message, message.code))
    })
    thread.on('error', (error: Error) => events.failed(part, partFailure(part, error.message, '')))
    thread.on('exit', () => {
      if (!this.#closing) events.failed(part, partFailure(part, 'its thread ended; restart keytrail', ''))
    })
  }
}

/**
 * An intent that keeps a segment is repeated when half of all segments are in use. Until that is written, what is
 * queued may have to be, twice: with fewer segments than this, one slow exchange could stop the journal for good.
 */
function enoughSegments({ maxSegments, segmentBytes }: ThreadsOptions, { bytes }: SharedQueue): number {
  return Math.max(maxSegments, 4 + 4 * Math.ceil(bytes.byteLength / segmentBytes))
}

function partFailure(part: Part, message: string, code: string): KeytrailError {
  const stable = code === 'STORE_LOCKED' ? 'STORE_LOCKED' : 'STORE_UNAVAILABLE'
  return new KeytrailError(stable, `the ${part} can't be written: ${message}`)
}

const STORE_ERRORS: readonly ErrorCode[] = [
  'STORE_FORMAT',
  'STORE_DAMAGED',
  'STORE_ROLLED_BACK',
  'STORE_LOCKED',
  'STORE_UNWRITABLE',
]

/** keytrail's own code; else it is the system's, or the library's, that keeps the store from being written. */
function storeErrorCode(code: string): ErrorCode {
  return STORE_ERRORS.find((own) => own === code) ?? 'STORE_UNWRITABLE'
}
