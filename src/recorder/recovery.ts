import { readFileSync } from 'node:fs'
import { KeytrailError } from '../errors.ts'
import type { Gap, Run } from '../store/gap.ts'
import type { StoreWriter } from '../store/writer.ts'
import { decodeSubmission } from './entry.ts'
import { nextEpoch, writeEpoch } from './epoch.ts'
import { journalDamage, journalMismatch } from './journal-damage.ts'
import { Replay } from './replay.ts'
import { decodeGroup, FIRST_GROUP } from './segment.ts'
import { readSlots, type Slot, slotPath } from './slots.ts'

/** What a recovery needs of the store. */
export type RecoveredStore = Pick<
  StoreWriter,
  | 'instance'
  | 'position'
  | 'settled'
  | 'mark'
  | 'commit'
  | 'submit'
  | 'learn'
  | 'countLost'
  | 'settle'
  | 'setMark'
  | 'beginRun'
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
  /** When the run before may have lost records that nothing counts; null where it can't have. */
  readonly gap: Gap | null
}

/**
 * Puts what the journal holds and the rings don't into the rings, and gives every intent without an outcome
 * its record, all in one transaction: a crash on the way repeats it harmlessly. `now` is Unix ms; `run` is the one
 * that begins. Throws `STORE_DAMAGED` where something that was synced can't be read, or is missing,
 * `STORE_ROLLED_BACK` where the store's file and the journal are not of the same time.
 */
export function recover(directory: string, writer: RecoveredStore, now: number, run: Run): Recovery {
  const { mark, instance } = writer
  const epoch = nextEpoch(directory, instance, mark)
  const slots = readSlots(directory)
  const replay = readJournal(directory, writer)
  const { position } = replay
  let gap: Gap | null = null
  // Also where there is nothing to do: tickets begin anew, and segments are zeroed one after the other. No
  // later start may take an intent from before for an open one because the segment of its outcome has gone.
  writer.commit(position, now, () => {
    for (const work of replay.work) work(writer)
    // Before the intents: these are older than what was journalled after them.
    gap = writer.beginRun(run)
    for (const intent of replay.intents.values()) writer.submit(decodeSubmission(intent, 0))
    writer.settle(position)
    writer.setMark({ epoch, slots: slots.map(({ slot }) => slot), clean: false })
  })
  writeEpoch(directory, instance, epoch)
  return {
    position,
    sequence: slots.reduce((newest, { header }) => Math.max(newest, header.sequence), 0) + 1,
    free: slots.filter(({ header }) => header.kind === 'free').map(({ slot }) => slot),
    // The oldest first, as while running: what is left of a journal is always its end.
    dirty: slots
      .filter(({ header }) => header.kind !== 'free')
      .sort((a, b) => a.header.sequence - b.header.sequence)
      .map(({ slot }) => slot),
    replayed: replay.work.length,
    unknown: replay.intents.size,
    gap,
  }
}

/** What the journal in `directory` holds that the rings lack. Throws `STORE_DAMAGED`. */
export function readJournal(
  directory: string,
  { instance, mark, position, settled }: Pick<RecoveredStore, 'instance' | 'mark' | 'position' | 'settled'>,
): Replay {
  const slots = readSlots(directory)
  const replay = new Replay(position, settled)
  for (const slot of slots) refuseForeign(directory, slot, instance)
  if (mark.clean) return replay
  for (const wanted of mark.slots) {
    const found = slots.find(({ slot }) => slot === wanted)
    if (found === undefined)
      throw journalMismatch(slotPath(directory, wanted), 'expected a segment’s file, found none')
    refuseDamaged(directory, found, position)
  }
  const live = slots
    .filter(({ header }) => header.kind === 'live')
    .sort((a, b) => a.header.sequence - b.header.sequence)
  for (const { slot, header } of live)
    replay.read({ path: slotPath(directory, slot), sequence: header.sequence })
  return replay
}

/** To start on another store's journal would be to throw away what only that one holds. */
function refuseForeign(directory: string, { slot, header }: Slot, instance: Buffer): void {
  if (header.kind === 'live' && !header.instance.equals(instance))
    throw journalMismatch(
      slotPath(directory, slot),
      'expected a segment of this store, found one of another store',
    )
}

/** A slot that was used may be live, free or (with what it held applied) about to be zeroed; but always whole. */
function refuseDamaged(directory: string, { slot, header, size }: Slot, applied: number): void {
  const path = slotPath(directory, slot)
  if (header.kind === 'damaged')
    throw journalDamage(path, 0, 'expected a segment’s header, found other bytes')
  const expected = Math.max(header.bytes, FIRST_GROUP)
  if (size < expected) throw journalDamage(path, size, `expected ${expected} bytes, found the file’s end`)
  if (header.kind === 'blank' && endOfGroups(path) > applied)
    throw journalDamage(path, 0, 'expected a segment’s header, found none before entries that the rings lack')
}

/** Absolute position behind the groups of a segment whose header is gone; 0 without any. */
function endOfGroups(path: string): number {
  const bytes = readFileSync(path)
  if (bytes.length < FIRST_GROUP + 18) return 0
  const sequence = bytes.readUIntBE(FIRST_GROUP + 12, 6)
  let end = 0
  for (let group = decodeGroup(bytes, FIRST_GROUP, sequence); group !== null; ) {
    end = group.position + group.entries.length
    group = decodeGroup(bytes, group.end, sequence)
  }
  return end
}

/** What intact groups of the journal hold that the rings lack, whatever else is damaged, and what a start says of it. */
export function salvageJournal(
  directory: string,
  store: Pick<RecoveredStore, 'instance' | 'mark' | 'position' | 'settled'>,
): { readonly replay: Replay; readonly damage: string | null } {
  const replay = new Replay(store.position, store.settled)
  const live = readSlots(directory).filter(
    ({ header }) => header.instance.equals(store.instance) && header.kind === 'live',
  )
  for (const { slot, header } of live.sort((a, b) => a.header.sequence - b.header.sequence))
    replay.salvage({ path: slotPath(directory, slot), sequence: header.sequence })
  try {
    nextEpoch(directory, store.instance, store.mark)
    readJournal(directory, store)
    return { replay, damage: null }
  } catch (error) {
    if (error instanceof KeytrailError) return { replay, damage: error.message }
    throw error
  }
}
