import { EntryKind, entryKind, entryLength, entryTicket } from './entry.ts'
import type { LiveSegments } from './live-segments.ts'

/** Intents that are applied as far as they go and wait for their outcome; each holds its segment. */
export class OpenIntents {
  readonly #segments: Pick<LiveSegments, 'hold' | 'release'>
  /** The intents' entries, by ticket: copies, so that a few bytes do not keep a whole batch in memory. */
  readonly #entries = new Map<number, Buffer>()

  constructor(segments: Pick<LiveSegments, 'hold' | 'release'>) {
    this.#segments = segments
  }

  get count(): number {
    return this.#entries.size
  }

  /** Takes note of what the applied `entries` opened and closed; `position` is the absolute one of the first. */
  follow(entries: Buffer, position: number): void {
    /** Opened here and still open, by ticket: offsets. Nearly all are closed in the batch that opened them. */
    const opened = new Map<number, number>()
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      const ticket = entryTicket(entries, at)
      if (ticket === 0) continue
      if (entryKind(entries, at) === EntryKind.intent) opened.set(ticket, at)
      else this.#close(ticket, opened)
    }
    for (const [ticket, at] of opened) {
      this.#entries.set(ticket, Buffer.from(entries.subarray(at, at + entryLength(entries, at))))
      this.#segments.hold(ticket, position + at)
    }
  }

  /** The entry of an open intent, which may also stand in the batch under way; null where there is none. */
  find(ticket: number, batch: Buffer | null): Buffer | null {
    const known = this.#entries.get(ticket)
    if (known !== undefined || batch === null) return known ?? null
    for (let at = 0; at < batch.length; at += entryLength(batch, at)) {
      if (entryTicket(batch, at) === ticket && entryKind(batch, at) === EntryKind.intent)
        return batch.subarray(at, at + entryLength(batch, at))
    }
    return null
  }

  #close(ticket: number, opened: Map<number, number>): void {
    opened.delete(ticket)
    if (this.#entries.delete(ticket)) this.#segments.release(ticket)
  }
}
