import { readFileSync } from 'node:fs'
import { KeytrailError } from '../errors.ts'
import type { StoreWriter, Submission } from '../store/writer.ts'
import {
  decodeCredential,
  decodeLost,
  decodeSubmission,
  EntryKind,
  entryKind,
  entryLength,
  entryTicket,
} from './entry.ts'
import { decodeGroup, FIRST_GROUP, GROUP_HEADER_BYTES, nextGroupMagic } from './segment.ts'
import { readSlots, slotPath } from './slots.ts'

/** What a start found in the journal, and where it goes on. */
export interface Recovery {
  /** Absolute position the journal goes on from. */
  readonly position: number
  /** Sequence number of the next segment. */
  readonly sequence: number
  /** Slots ready for use. */
  readonly free: readonly number[]
  /** Slots to be zeroed before use. */
  readonly dirty: readonly number[]
  /** Entries put into the rings. */
  readonly replayed: number
  /** Intents that got a record with outcome `unknown`. */
  readonly unknown: number
}

interface LiveSegment {
  readonly path: string
  readonly sequence: number
}

/**
 * Puts what the journal holds and the rings don't into the rings, and gives every intent without an outcome
 * its record, all in one transaction: a crash on the way repeats it harmlessly. `now` is Unix ms. Throws
 * `STORE_DAMAGED` where something that was synced can't be read.
 */
export function recover(directory: string, writer: StoreWriter, now: number): Recovery {
  const slots = readSlots(directory)
  const live = slots
    .filter(({ header }) => header.kind === 'live' && header.instance.equals(writer.instance))
    .map(({ slot, header }) => ({ path: slotPath(directory, slot), sequence: header.sequence }))
    .sort((a, b) => a.sequence - b.sequence)
  const replay = new Replay(writer.position, writer.settled)
  for (const segment of live) replay.read(segment)
  const position = replay.position
  if (replay.submissions.length + replay.credentials.length + replay.lost.length + replay.intents.size > 0) {
    writer.commit(position, now, () => {
      for (const submission of replay.submissions) writer.submit(submission)
      for (const credential of replay.credentials) writer.learn(credential)
      for (const { key, count } of replay.lost) writer.countLost(key, count)
      for (const intent of replay.intents.values()) writer.submit(intent)
      writer.settle(position)
    })
  }
  return {
    position,
    sequence: (live.at(-1)?.sequence ?? 0) + 1,
    free: slots.filter(({ header }) => header.kind === 'free').map(({ slot }) => slot),
    dirty: slots.filter(({ header }) => header.kind !== 'free').map(({ slot }) => slot),
    replayed: replay.submissions.length,
    unknown: replay.intents.size,
  }
}

/** Reads segments in order and sorts out what is still to be done. */
class Replay {
  /** Behind the last entry seen, or applied. */
  position: number
  readonly submissions: Submission[] = []
  readonly credentials: ReturnType<typeof decodeCredential>[] = []
  readonly lost: ReturnType<typeof decodeLost>[] = []
  /** Intents without an outcome so far, by ticket. */
  readonly intents = new Map<number, Submission>()
  readonly #applied: number
  readonly #settled: number
  /** Behind the last entry read: a group written once more after a failed sync is skipped. */
  #read = 0

  constructor(applied: number, settled: number) {
    this.position = applied
    this.#applied = applied
    this.#settled = settled
  }

  read({ path, sequence }: LiveSegment): void {
    const bytes = readFileSync(path)
    let start = FIRST_GROUP
    for (;;) {
      const group = decodeGroup(bytes, start, sequence)
      if (group === null) break
      if (group.position > Math.max(this.#read, this.#applied)) {
        throw damaged(path, start, `expected entries from ${this.position} on, found ${group.position}`)
      }
      this.#readEntries(group.entries, group.position)
      start += GROUP_HEADER_BYTES + group.entries.length
    }
    this.#refuseHole(bytes, start, { path, sequence })
  }

  #readEntries(entries: Buffer, position: number): void {
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      if (position + at < this.#read) continue
      this.#readEntry(entries, at, position + at)
      this.#read = position + at + entryLength(entries, at)
      this.position = Math.max(this.position, this.#read)
    }
  }

  #readEntry(entries: Buffer, at: number, position: number): void {
    const kind = entryKind(entries, at)
    const ticket = entryTicket(entries, at)
    if (kind === EntryKind.intent) {
      if (position >= this.#settled) this.intents.set(ticket, decodeSubmission(entries, at))
      return
    }
    const intent = this.intents.get(ticket)
    if (ticket !== 0) this.intents.delete(ticket)
    if (position < this.#applied) return
    if (kind === EntryKind.record) this.submissions.push(decodeSubmission(entries, at))
    else if (kind === EntryKind.credential) this.credentials.push(decodeCredential(entries, at))
    else if (kind === EntryKind.lost) this.lost.push(decodeLost(entries, at))
    else if (kind === EntryKind.abandon && intent !== undefined) this.submissions.push(intent)
  }

  /** A torn tail was never acknowledged; but a later group that knew of a later sync proves damage before it. */
  #refuseHole(bytes: Buffer, torn: number, { path, sequence }: LiveSegment): void {
    for (let at = nextGroupMagic(bytes, torn); at !== -1; at = nextGroupMagic(bytes, at + 4)) {
      const group = decodeGroup(bytes, at, sequence)
      if (group !== null && group.synced > this.#read) {
        throw damaged(path, torn, 'expected an intact group, found damage before groups written later')
      }
    }
  }
}

function damaged(path: string, offset: number, what: string): KeytrailError {
  return new KeytrailError(
    'STORE_DAMAGED',
    `journal ${path} at byte ${offset}: ${what}; keep a copy of the data directory and restore a backup, or move the journal aside to start without its last records`,
  )
}
