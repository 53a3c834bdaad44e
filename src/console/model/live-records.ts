import type { Filter } from '../address.ts'
import { ApiError, type Client, keyPath } from '../api/client.ts'
import { eventsOf, type StreamEvent } from '../api/event-stream.ts'
import type { AuditRecord, Tombstone } from '../api/shape.ts'

export type LiveState = 'connecting' | 'live' | 'waiting'

export interface LiveHandlers {
  record(record: AuditRecord): void
  /** So many left the ring before they could be sent. */
  evicted(records: number): void
  destroyed(tombstone: Tombstone): void
  /** It will not come back by itself. */
  failed(error: ApiError): void
  changed(): void
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 8000
/** What a moment more would not change. */
const FINAL_CODES: readonly string[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'KEY_UNKNOWN',
  'KEY_DESTROYED',
  'LIVE_FULL',
]

/** A key's new records as they come, over however many connections that takes: each one once, none left out. */
export class LiveRecords {
  state: LiveState = 'connecting'
  readonly #client: Client
  readonly #key: string
  readonly #filter: Filter
  readonly #handlers: LiveHandlers
  readonly #stopped = new AbortController()
  /** Everything up to this `seq` has been handed on, or does not match. */
  #position: number
  #wait = FIRST_WAIT_MS

  constructor(client: Client, key: string, filter: Filter, position: number, handlers: LiveHandlers) {
    this.#client = client
    this.#key = key
    this.#filter = filter
    this.#position = position
    this.#handlers = handlers
  }

  /** Runs until {@link LiveRecords.stop}, or until there is nothing to come. */
  async run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        await this.#follow(signal)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof ApiError && FINAL_CODES.includes(error.code)) {
          this.#handlers.failed(error)
          return
        }
      }
      if (!signal.aborted) await this.#pause(signal)
    }
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const response = await this.#client.open(
      keyPath(this.#key, 'live'),
      { ...this.#filter },
      { accept: 'text/event-stream', lastEventId: this.#position, signal },
    )
    if (response.body === null) return
    for await (const event of eventsOf(response.body)) {
      this.#enter('live')
      this.#wait = FIRST_WAIT_MS
      this.#take(event)
    }
  }

  #take({ id, event, data }: StreamEvent): void {
    const seq = Number(id)
    if (event === 'record') {
      const record = JSON.parse(data) as AuditRecord
      if (record.seq > this.#position) this.#handlers.record(record)
    } else if (event === 'evicted') {
      this.#handlers.evicted((JSON.parse(data) as { records: number }).records)
    } else if (event === 'destroyed') {
      this.stop()
      this.#handlers.destroyed(JSON.parse(data) as Tombstone)
    }
    if (id !== '' && seq > this.#position) this.#position = seq
  }

  async #pause(signal: AbortSignal): Promise<void> {
    this.#enter('waiting')
    await new Promise<void>((done) => {
      const timer = setTimeout(done, this.#wait)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        done()
      })
    })
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2)
  }

  #enter(state: LiveState): void {
    if (this.state === state) return
    this.state = state
    this.#handlers.changed()
  }
}
