import { Readable } from 'node:stream'
import type { Reader, RecordFilter } from '../store/reader.ts'
import type { HostNames } from './host-names.ts'
import { tombstoneJson } from './key-json.ts'
import { recordJson } from './record-json.ts'

export interface LiveStreamOptions {
  readonly reader: Reader
  readonly hosts: HostNames
  readonly key: string
  readonly filter: RecordFilter
  /** Records behind this position are sent; null for those yet to come. */
  readonly after: number | null
  /** Unix ms. */
  readonly clock: () => number
}

/** Records looked at before others get their turn. */
const WINDOW = 500
const HEARTBEAT_MS = 15_000
/** Then the client comes back with its last id, and its token is judged anew. */
const LIFETIME_MS = 15 * 60_000
/** How long a client waits before it comes back, in ms. */
const RETRY_MS = 1000

/**
 * Server-sent events of one key's new records, the record's `seq` as id, so that whoever comes back with
 * Last-Event-ID gets every record once. Nothing is queued for a slow client: what it has not taken is read from
 * the ring when it has, and what the ring has evicted by then is reported as an `evicted` event.
 */
export class LiveStream extends Readable {
  readonly #options: LiveStreamOptions
  readonly #openedAt: number
  readonly #startedAt: number
  #position: number
  #spokenAt: number
  #wanted = true
  #looking = false

  constructor(options: LiveStreamOptions) {
    super()
    this.#options = options
    const found = options.reader.newer(options.key, options.filter, 0, 0)
    this.#openedAt = found?.openedAt ?? 0
    // A position behind the head was handed out by an earlier ring of this key id.
    this.#position = Math.min(options.after ?? Number.POSITIVE_INFINITY, found?.head ?? 0)
    this.#startedAt = options.clock()
    this.#spokenAt = this.#startedAt
    this.push(`retry: ${RETRY_MS}\nid: ${this.#position}\n\n`)
  }

  /** Sends what there is to send. */
  look(): void {
    if (!this.#wanted || this.#looking || this.destroyed || this.readableEnded) return
    this.#looking = true
    this.#send()
      .catch((error: Error) => this.destroy(error))
      .finally(() => {
        this.#looking = false
      })
  }

  /** Ends the stream; the client may come back. */
  end(): void {
    if (this.readableEnded || this.destroyed) return
    this.#wanted = false
    this.push(null)
  }

  override _read(): void {
    this.#wanted = true
  }

  async #send(): Promise<void> {
    const { reader, key, filter, hosts, clock } = this.#options
    while (this.#wanted && !this.destroyed) {
      const found = reader.newer(key, filter, this.#position, WINDOW)
      if (found === null || found.openedAt !== this.#openedAt) return this.#sayDestroyed()
      const { records, position, missed, head } = found
      const names = await hosts.find(records.map(({ address }) => address))
      let text = missed > 0 ? event('evicted', { records: missed }) : ''
      for (const record of records) text += `id: ${record.seq}\n${event('record', recordJson(record, names))}`
      this.#position = position
      if (text !== '') this.#say(`${text}id: ${position}\n\n`)
      if (position >= head) break
    }
    if (clock() - this.#startedAt > LIFETIME_MS) this.end()
    // A comment keeps the connection from idling out; the id spares a filtered stream to look at all again.
    else if (clock() - this.#spokenAt > HEARTBEAT_MS) this.#say(`:\nid: ${this.#position}\n\n`)
  }

  #sayDestroyed(): void {
    const tombstone = this.#options.reader.tombstone(this.#options.key)
    this.#say(event('destroyed', tombstone === null ? {} : tombstoneJson(tombstone)))
    this.end()
  }

  #say(text: string): void {
    if (this.destroyed || this.readableEnded) return
    this.#spokenAt = this.#options.clock()
    this.#wanted = this.push(text)
  }
}

/** JSON has no raw line break, so one `data` line holds it. */
function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
