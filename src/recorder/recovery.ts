import { readFileSync } from 'node:fs'
import { KeytrailError } from '../errors.ts'
import type { Credential } from '../store/credentials.ts'
import type { StoreWriter } from '../store/writer.ts'
import {
  decodeCredential,
  decodeLost,
  decodeSubmission,
  EntryKind,
  entryKind,
  entryLength,
  entryTicket,
  wholeEntries,
} from './entry.ts'
import { decodeGroup, FIRST_GROUP, GROUP_HEADER_BYTES, nextGroupMagic } from './segment.ts'
import { readSlots, slotPath } from './slots.ts'

/** What a recovery needs of the store. */
export type RecoveredStore = Pick<
  StoreWriter,
  'instance' | 'position' | 'settled' | 'commit' | 'submit' | 'learn' | 'countLost' | 'settle'
>

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
export function recover(directory: string, writer: RecoveredStore, now: number): Recovery {
  const slots = readSlots(directory)
  const live = slots
    .filter(({ header }) => header.kind === 'live' && header.instance.equals(writer.instance))
    .map(({ slot, header }) => ({ path: slotPath(directory, slot), sequence: header.sequence }))
    .sort((a, b) => a.sequence - b.sequence)
  const replay = new Replay(writer.position, writer.settled)
  for (const segment of live) replay.read(segment)
  const position = replay.position
  // Also where there is nothing to do: tickets begin anew, and segments are zeroed one after the other. No
  // later start may take an intent from before for an open one because the segment of its outcome has gone.
  writer.commit(position, now, () => {
    for (const work of replay.work) work(writer)
    for (const intent of replay.intents.values()) writer.submit(decodeSubmission(intent, 0))
    writer.settle(position)
  })
  return {
    position,
    sequence: (live.at(-1)?.sequence ?? 0) + 1,
    free: slots.filter(({ header }) => header.kind === 'free').map(({ slot }) => slot),
    // The oldest first, as while running: what is left of a journal is always its end.
    dirty: slots
      .filter(({ header }) => header.kind !== 'free')
      .sort((a, b) => a.header.sequence - b.header.sequence)
      .map(({ slot }) => slot),
    replayed: replay.work.length,
    unknown: replay.intents.size,
  }
}

/** Reads segments in order and sorts out what is still to be done. */
class Replay {
  /** Behind the last entry seen, or applied. */
  position: number
  /** What the rings don't have yet, in order. */
  readonly work: ((writer: RecoveredStore) => void)[] = []
  /** Entries of intents without an outcome so far, by ticket: copies, of segments that are large. */
  readonly intents = new Map<number, Buffer>()
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
      if (wholeEntries(group.entries) !== group.entries.length)
        throw damaged(path, start, 'expected whole entries, found one that is cut')
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
      if (position >= this.#settled)
        this.intents.set(ticket, Buffer.from(entries.subarray(at, at + entryLength(entries, at))))
      return
    }
    const intent = this.intents.get(ticket)
    if (ticket !== 0) this.intents.delete(ticket)
    if (position < this.#applied) return
    if (kind === EntryKind.record) this.#submit(entries, at)
    else if (kind === EntryKind.credential) this.#learn(decodeCredential(entries, at))
    else if (kind === EntryKind.lost) this.#countLost(decodeLost(entries, at))
    else if (kind === EntryKind.abandon && intent !== undefined) this.#submit(intent, 0)
  }

  #submit(bytes: Buffer, at: number): void {
    const submission = decodeSubmission(bytes, at)
    this.work.push((writer) => writer.submit(submission))
  }

  #learn(credential: Credential): void {
    this.work.push((writer) => writer.learn(credential))
  }

  #countLost({ key, count }: { key: string; count: number }): void {
    this.work.push((writer) => writer.countLost(key, count))
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
