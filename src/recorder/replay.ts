import { readFileSync } from 'node:fs'
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
import { journalDamage } from './journal-damage.ts'
import { decodeGroup, FIRST_GROUP, nextGroupMagic, wasWhole } from './segment.ts'

/** Where replayed entries go. */
export type ReplayTarget = Pick<StoreWriter, 'submit' | 'learn' | 'countLost'>

/** A segment to be read. */
export interface SegmentFile {
  readonly path: string
  readonly sequence: number
}

/** Reads segments in order and sorts out what is still to be done. */
export class Replay {
  /** Behind the last entry seen, or applied. */
  position: number
  /** What the rings don't have yet, in order. */
  readonly work: ((target: ReplayTarget) => void)[] = []
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

  /** Reads up to a torn tail. Throws `STORE_DAMAGED` at what was synced and can't be read. */
  read({ path, sequence }: SegmentFile): void {
    const bytes = readFileSync(path)
    let start = FIRST_GROUP
    for (;;) {
      const group = decodeGroup(bytes, start, sequence)
      if (group === null) break
      if (group.position > Math.max(this.#read, this.#applied)) {
        throw journalDamage(path, start, `expected entries from ${this.position} on, found ${group.position}`)
      }
      if (wholeEntries(group.entries) !== group.entries.length)
        throw journalDamage(path, start, 'expected whole entries, found one that is cut')
      this.#readEntries(group.entries, group.position)
      start = group.end
    }
    this.#refuseHole(bytes, start, { path, sequence })
  }

  /** Reads every intact group, whatever is damaged between them. */
  salvage({ path, sequence }: SegmentFile): void {
    const bytes = readFileSync(path)
    for (let start = nextGroupMagic(bytes, FIRST_GROUP); start !== -1; ) {
      const group = decodeGroup(bytes, start, sequence)
      if (group !== null && wholeEntries(group.entries) === group.entries.length)
        this.#readEntries(group.entries, group.position)
      start = nextGroupMagic(bytes, group?.end ?? start + 4)
    }
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
    this.work.push((target) => target.submit(submission))
  }

  #learn(credential: Credential): void {
    this.work.push((target) => target.learn(credential))
  }

  #countLost({ key, count }: { key: string; count: number }): void {
    this.work.push((target) => target.countLost(key, count))
  }

  /**
   * A torn tail was never acknowledged. But what was whole once may have been, and a later group that knew of a
   * later sync proves damage before it.
   */
  #refuseHole(bytes: Buffer, torn: number, { path, sequence }: SegmentFile): void {
    if (wasWhole(bytes, torn))
      throw journalDamage(
        path,
        torn,
        'expected an intact group, found one that was changed after it was written',
      )
    for (let at = nextGroupMagic(bytes, torn); at !== -1; at = nextGroupMagic(bytes, at + 4)) {
      const group = decodeGroup(bytes, at, sequence)
      if (group !== null && group.synced > this.#read) {
        throw journalDamage(path, torn, 'expected an intact group, found damage before groups written later')
      }
    }
  }
}
