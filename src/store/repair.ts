import { KeytrailError } from '../errors.ts'
import { genesisHash } from './chain.ts'
import { DATABASES, type Environment } from './environment.ts'
import { type JournalMark, journalMarkOf, NO_MARK, setJournalMark } from './journal-mark.ts'
import { blockKey, keyOfRingState, LATEST, Purpose, scheduleKey } from './layout.ts'
import { checkFormat, instanceOf, setRingCount } from './meta.ts'
import { PageFile } from './page-file.ts'
import { decodeRingState, type RingState } from './ring-state.ts'
import { salvageRing } from './salvage.ts'
import { unseal } from './seal.ts'
import { ringDamage } from './verify-ring.ts'

/** What became of a ring. */
export interface RingRepair {
  /** '' for the unattributed ring. */
  readonly key: string
  readonly kept: number
  /** Sequence numbers that are missing; none in a ring that was copied as it is. */
  readonly missing: readonly string[]
}

export interface RepairEvents {
  ring(repair: RingRepair): void
  /** Something beyond a single ring could not be read. */
  damaged(what: string): void
}

/** Entries in one transaction. */
const BATCH = 1000
/** Unix ms: the first sweep of all sets the next. */
const SOON = 1
const RING_STATE = 'k'.charCodeAt(0)
const UNATTRIBUTED = 'u'.charCodeAt(0)

/**
 * Copies what can be read of the store's `file` into `target`, a store just made. A whole ring is copied as it
 * is, its chain included; a damaged one goes on in a new chain with what can be trusted of it. The journal is not
 * looked at; what the store remembers of it is returned. Throws `STORE_DAMAGED` where not even the store's identity can be read, `STORE_FORMAT`.
 */
export function repairEntries(file: string, target: Environment, events: RepairEvents): JournalMark {
  const pages = new PageFile(file, {
    damaged: ({ page, what }) => events.damaged(`page ${page}: ${what}`),
  })
  try {
    return new Repair(pages, target, events).run()
  } finally {
    pages.close()
  }
}

class Repair {
  readonly #pages: PageFile
  readonly #target: Environment
  readonly #events: RepairEvents
  readonly #roots: ReturnType<PageFile['databases']>

  constructor(pages: PageFile, target: Environment, events: RepairEvents) {
    this.#pages = pages
    this.#target = target
    this.#events = events
    this.#roots = pages.databases()
  }

  run(): JournalMark {
    const target = this.#target
    for (const name of DATABASES)
      if (name !== 'records' && name !== 'keys' && name !== 'schedule') this.#copy(name, () => true)
    this.#copy('keys', ([kind]) => kind !== RING_STATE && kind !== UNATTRIBUTED)
    instanceOf(target.meta)
    checkFormat(target.meta, target.path)
    const mark = journalMarkOf(target.meta)
    let named = 0
    for (const { key, value } of this.#entries('keys')) {
      if (key[0] === RING_STATE) named++
      if (key[0] === RING_STATE || key[0] === UNATTRIBUTED) this.#copyRing(Buffer.from(key), value)
    }
    target.transaction(() => {
      setRingCount(target.meta, named)
      setJournalMark(target.meta, NO_MARK)
    })
    return mark
  }

  /** Entries that are what was written; others are told. */
  *#entries(name: (typeof DATABASES)[number]): Generator<{ key: Buffer; value: Buffer }> {
    for (const { key, value: sealed } of this.#pages.entries(this.#roots.get(name) ?? null)) {
      const value = unseal(key, sealed)
      if (value !== null) yield { key, value }
      else
        this.#events.damaged(
          `${name}: the entry ${JSON.stringify(key.toString('latin1'))} is not what was written`,
        )
    }
  }

  #copy(name: (typeof DATABASES)[number], wanted: (key: Buffer) => boolean): void {
    const database = this.#target[name]
    this.#inBatches(this.#entries(name), ({ key, value }) => {
      if (wanted(key)) database.put(key, value)
    })
  }

  #copyRing(stateKey: Buffer, stored: Buffer): void {
    const target = this.#target
    const key = stateKey[0] === UNATTRIBUTED ? '' : keyOfRingState(stateKey)
    const state = this.#readState(key, stored)
    if (state === null) return
    const { ring } = state
    const bounds = { start: blockKey(ring, 0), end: blockKey(ring, LATEST) }
    this.#inBatches(this.#pages.entries(this.#roots.get('records') ?? null, bounds), (entry) =>
      target.records.put(entry.key, entry.value),
    )
    if (ringDamage(state, target.records, genesisHash(instanceOf(target.meta), ring, key)) !== null) {
      this.#events.ring({ key, ...target.transaction(() => salvageRing(target, key, state)) })
      return
    }
    target.transaction(() => {
      target.keys.put(stateKey, stored)
      this.#schedule(key, state)
    })
    this.#events.ring({ key, kept: state.nextSeq - state.firstSeq, missing: [] })
  }

  /** Timers follow from the states of the rings: those of the old store need not be believed. */
  #schedule(key: string, { ring, destroyAt }: RingState): void {
    const { schedule } = this.#target
    const name = Buffer.from(key)
    schedule.put(scheduleKey(Purpose.sweep, SOON, ring), name)
    if (destroyAt !== 0) schedule.put(scheduleKey(Purpose.destroy, destroyAt, ring), name)
  }

  #readState(key: string, stored: Buffer): RingState | null {
    try {
      return decodeRingState(stored)
    } catch (error) {
      if (!(error instanceof KeytrailError)) throw error
      this.#events.damaged(`the state of key ${key}: ${error.message}`)
      return null
    }
  }

  #inBatches<T>(entries: Iterable<T>, put: (entry: T) => void): void {
    let batch: T[] = []
    const write = (): void => {
      this.#target.transaction(() => {
        for (const entry of batch) put(entry)
      })
      batch = []
    }
    for (const entry of entries) if (batch.push(entry) === BATCH) write()
    if (batch.length > 0) write()
  }
}
