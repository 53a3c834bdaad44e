import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { ClockOffset } from '../clock.ts'
import { type ErrorCode, KeytrailError } from '../errors.ts'
import type { Retention } from '../store/ring.ts'
import { KeptThread, startThread } from '../thread.ts'
import type { ApplyThreadData, StoreOpened } from './apply-thread.ts'
import type { Part } from './health.ts'
import type { Durability } from './journal.ts'
import type { JournalThreadData } from './journal-thread.ts'
import { Control, MAX_SLOTS, Queue, type SharedQueue, SlotState } from './queue.ts'
import { StoreFailure } from './store-failure.ts'
import { ACKNOWLEDGEMENT, type Renewal, type ThreadFailure } from './thread-message.ts'

/** What a thread does. */
type ThreadPart = Exclude<Part, 'files'>
type Message = typeof ACKNOWLEDGEMENT | Renewal | ThreadFailure | StoreOpened

export interface ThreadsOptions {
  /** The data directory. */
  readonly path: string
  readonly durability: Durability
  readonly segmentBytes: number
  readonly maxSegments: number
  readonly mapSize: number
  readonly retention: Retention
  readonly maxRings: number
  /** Where limits that are hit are counted. */
  readonly hits?: SharedArrayBuffer
  /** Moves the store's clock, in ms (tests). */
  readonly clockOffsetMs: ClockOffset
}

export interface ThreadsEvents {
  /** COMMITTED has moved. */
  acknowledged(): void
  /** An intent is to be journalled once more if it is still open. */
  renew(entry: Uint8Array): void
  /** A part can't do its work, or (null) can again. */
  failed(part: ThreadPart, failure: StoreFailure | null): void
  /** Absolute position behind what was published last. */
  head(): number
}

/** The journal's thread and the applying one; one that ends is started anew and goes on where it was. */
export class Threads {
  readonly opened: StoreOpened
  readonly #queue: Queue
  readonly #events: ThreadsEvents
  readonly #data: ApplyThreadData
  readonly #durability: Durability
  readonly #journal: KeptThread<Message>
  readonly #rings: KeptThread<Message>
  #ended = false

  /** Opens and recovers the store; throws what the applying thread reports instead of an open store. */
  static async open(options: ThreadsOptions, shared: SharedQueue): Promise<OpenedThread> {
    const maxSegments = enoughSegments(options, shared)
    const data: ApplyThreadData = { ...options, maxSegments, queue: shared, takesOver: false }
    const thread = startThread(import.meta.url, './apply-thread', data)
    const [message] = (await once(thread, 'message')) as [StoreOpened | ThreadFailure]
    if (message.kind === 'opened') return { thread, data, opened: message }
    await thread.terminate()
    throw new KeytrailError(storeErrorCode(message.code), message.message ?? 'the store could not be opened')
  }

  /** Call at once: what the opened thread said before is not kept. */
  constructor({ durability }: ThreadsOptions, { thread, data, opened }: OpenedThread, events: ThreadsEvents) {
    this.opened = opened
    this.#queue = new Queue(data.queue)
    this.#events = events
    this.#data = data
    this.#durability = durability
    const takeOver = (): Worker =>
      startThread(import.meta.url, './apply-thread', { ...data, takesOver: true } satisfies ApplyThreadData)
    this.#rings = this.#keep('rings', thread, takeOver)
    const first = this.#startJournal(opened.recovery.position, null)
    this.#journal = this.#keep('journal', first, () => this.#resumeJournal())
  }

  /** Whether nothing more will be written. */
  get ended(): boolean {
    return this.#ended
  }

  /** Has everything published written and applied, then ends both threads. */
  async close(): Promise<void> {
    this.#stop(1)
    await this.#journal.close()
    this.#ended = true
    this.#stop(2)
    await this.#rings.close()
  }

  #stop(step: number): void {
    const { control } = this.#queue
    Atomics.store(control, Control.stop, step)
    for (const place of [Control.stop, Control.head, Control.committed, Control.flush])
      Atomics.notify(control, place)
  }

  #startJournal(position: number, resumedAfter: Error | null): Worker {
    const { queue, segmentBytes } = this.#data
    const { directory, instance, recovery } = this.opened
    const data: JournalThreadData = {
      ...{ queue, directory, segmentBytes, instance, position, resumedAfter },
      durability: this.#durability,
      sequence: recovery.sequence,
    }
    return startThread(import.meta.url, './journal-thread', data)
  }

  /** Everything behind COMMITTED still stands in the queue, and goes to a new segment. */
  #resumeJournal(): Worker {
    const { control, capacity } = this.#queue
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      const place = Control.slotStates + slot
      Atomics.compareExchange(control, place, SlotState.opening, SlotState.unusable)
    }
    const position = this.#queue.position(Control.committed, this.#events.head() - capacity)
    return this.#startJournal(position, new Error('its thread had ended and was started anew'))
  }

  #keep(part: ThreadPart, thread: Worker, start: () => Worker): KeptThread<Message> {
    const events = this.#events
    return new KeptThread<Message>(thread, {
      start,
      message(message) {
        if (message === ACKNOWLEDGEMENT) events.acknowledged()
        else if (message.kind === 'renew') events.renew(message.entry)
        else if (message.kind === 'failed') events.failed(part, partFailure(part, message))
      },
      ended(error, restartMs) {
        // What it could not tell any more.
        events.acknowledged()
        const message = `its thread ended (${error.message}) and is started anew in ${restartMs} ms`
        events.failed(part, new StoreFailure('thread-ended', `the ${part} can't be written: ${message}`))
      },
    })
  }
}

/** An applying thread that has opened the store. */
export interface OpenedThread {
  readonly thread: Worker
  readonly data: ApplyThreadData
  readonly opened: StoreOpened
}

/**
 * An intent that keeps a segment is repeated when half of all segments are in use. Until that is written, what is
 * queued may have to be, twice: with fewer segments than this, one slow exchange could stop the journal for good.
 */
function enoughSegments({ maxSegments, segmentBytes }: ThreadsOptions, { bytes }: SharedQueue): number {
  return Math.max(maxSegments, 4 + 4 * Math.ceil(bytes.byteLength / segmentBytes))
}

function partFailure(part: ThreadPart, { message, reason }: ThreadFailure): StoreFailure | null {
  return message === null ? null : new StoreFailure(reason, `the ${part} can't be written: ${message}`)
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
