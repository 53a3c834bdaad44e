import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EntryKind, entryKind, entryLength, entryTicket } from '../recorder/entry.ts'
import { decodeGroup, FIRST_GROUP, type Group } from '../recorder/segment.ts'
import { readSlots, slotPath } from '../recorder/slots.ts'
import type { Environment } from '../store/environment.ts'
import { instanceOf, positionOf, settledOf } from '../store/meta.ts'

/**
 * How many records the journal holds that are in no ring yet: those that were not applied, and intents without
 * an outcome. The next start puts them there. Only for a data directory that no keytrail runs on.
 */
export function unappliedRecords({ path, meta }: Environment): number {
  const directory = join(path, 'journal')
  if (!existsSync(directory)) return 0
  const instance = instanceOf(meta)
  const live = readSlots(directory)
    .filter(({ header }) => header.kind === 'live' && header.instance.equals(instance))
    .sort((a, b) => a.header.sequence - b.header.sequence)
  const count = new Count(positionOf(meta), settledOf(meta))
  for (const { slot, header } of live) {
    const bytes = readFileSync(slotPath(directory, slot))
    for (let group = decodeGroup(bytes, FIRST_GROUP, header.sequence); group !== null; ) {
      count.add(group)
      group = decodeGroup(bytes, group.end, header.sequence)
    }
  }
  return count.records
}

class Count {
  readonly #applied: number
  readonly #settled: number
  /** Intents without an outcome so far. */
  readonly #open = new Set<number>()
  /** Behind the last entry seen: a group may stand in the journal twice. */
  #read = 0
  #unapplied = 0

  constructor(applied: number, settled: number) {
    this.#applied = applied
    this.#settled = settled
  }

  get records(): number {
    return this.#unapplied + this.#open.size
  }

  add({ entries, position }: Group): void {
    for (let at = 0; at < entries.length; at += entryLength(entries, at)) {
      if (position + at < this.#read) continue
      this.#read = position + at + entryLength(entries, at)
      this.#addEntry(entryKind(entries, at), entryTicket(entries, at), position + at)
    }
  }

  #addEntry(kind: number, ticket: number, position: number): void {
    if (kind === EntryKind.intent) {
      if (position >= this.#settled) this.#open.add(ticket)
      return
    }
    const wasOpen = this.#open.delete(ticket)
    const makesRecord = kind === EntryKind.record || (kind === EntryKind.abandon && wasOpen)
    if (makesRecord && position >= this.#applied) this.#unapplied++
  }
}
