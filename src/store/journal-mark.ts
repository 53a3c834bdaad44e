import type { Database } from './environment.ts'

/** What the store remembers of its journal, so that a start notices when a part of either is missing or older. */
export interface JournalMark {
  /** Counts starts; the journal's directory has the same number. 0 before the first. */
  readonly epoch: number
  /** Slots that the journal may have written to. */
  readonly slots: readonly number[]
  /** The last run ended with everything in the rings: nothing of the journal is needed. */
  readonly clean: boolean
}

const NAME = Buffer.from('journal')
const SLOTS_OFFSET = 7

export const NO_MARK: JournalMark = { epoch: 0, slots: [], clean: true }

/** {@link NO_MARK} in a store that no start has finished on. */
export function journalMarkOf(meta: Database): JournalMark {
  const bytes = meta.get(NAME)
  if (bytes === undefined) return NO_MARK
  return { epoch: bytes.readUIntBE(0, 6), clean: bytes[6] === 1, slots: [...bytes.subarray(SLOTS_OFFSET)] }
}

/** Needs a transaction. */
export function setJournalMark(meta: Database, { epoch, slots, clean }: JournalMark): void {
  const bytes = Buffer.alloc(SLOTS_OFFSET + slots.length)
  bytes.writeUIntBE(epoch, 0, 6)
  bytes[6] = clean ? 1 : 0
  bytes.set(slots, SLOTS_OFFSET)
  meta.put(NAME, bytes)
}
