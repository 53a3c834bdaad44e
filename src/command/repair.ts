import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { KeytrailError } from '../errors.ts'
import { decodeSubmission } from '../recorder/entry.ts'
import { salvageJournal } from '../recorder/recovery.ts'
import { ClockHold, clockStateOf } from '../store/clock-hold.ts'
import { type Environment, openEnvironment, STORE_FILE } from '../store/environment.ts'
import type { JournalMark } from '../store/journal-mark.ts'
import { isLocked } from '../store/lock.ts'
import { type RingRepair, repairEntries } from '../store/repair.ts'
import { StoreWriter } from '../store/writer.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { counted } from './number-text.ts'
import type { StoreChoice } from './reading-store.ts'
import { visible } from './visible.ts'

export interface RepairOptions extends StoreChoice {
  /** Directory of the new store: empty, or not there yet. */
  readonly to: string
}

/** Nothing is evicted on the way: the start after it does that. */
const KEEP_ALL = { records: 2 ** 47, ageMs: 2 ** 47, tombstoneMs: 2 ** 47 }

/**
 * `keytrail repair`: copies what can be read of a store and its journal to a new store, and tells what could not.
 * The old one is only read. Fails with `STORE_LOCKED`, `STORE_MISSING`, `STORE_DAMAGED` (nothing can be read),
 * `STORE_FORMAT`, `STORE_UNWRITABLE`.
 */
export async function repair(context: CommandContext, options: RepairOptions): Promise<number> {
  const { store } = loadConfig({ file: options.config, env: context.env })
  const path = options.store ?? store.path
  await refuse(path, options.to)
  const told = new Told(context)
  mkdirSync(options.to, { recursive: true, mode: 0o700 })
  const target = openEnvironment({ path: options.to, access: 'write', mapSize: store.mapSize })
  try {
    const mark = repairEntries(join(path, STORE_FILE), target, told)
    replayJournal(path, target, { told, clock: context.clock, mark })
  } finally {
    await target.close()
  }
  return told.end(options.to)
}

async function refuse(path: string, to: string): Promise<void> {
  if (!existsSync(join(path, STORE_FILE)))
    throw new KeytrailError('STORE_MISSING', `store ${path}: expected one to repair, found none`)
  if (await isLocked(path))
    throw new KeytrailError('STORE_LOCKED', `store ${path}: a keytrail is running on it; stop it first`)
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new KeytrailError(
      'STORE_UNWRITABLE',
      `${to}: expected an empty directory for the new store, found files`,
    )
}

/** What the journal still holds goes into the new store's rings, as a start would have put it there. */
function replayJournal(
  path: string,
  target: Environment,
  { told, clock, mark }: { told: Told; clock: () => number; mark: JournalMark },
): void {
  const directory = join(path, 'journal')
  if (!existsSync(directory)) return
  const hold = new ClockHold({
    ...{ wall: clock, monotonic: () => 0, state: clockStateOf(target.meta) },
    accepted: () => false,
  })
  const writer = new StoreWriter({
    ...{ environment: target, path: target.path, retention: KEEP_ALL, hold },
    maxRings: Number.MAX_SAFE_INTEGER,
  })
  const { instance, position, settled } = writer
  const { replay, damage } = salvageJournal(directory, {
    instance,
    position,
    settled,
    mark,
  })
  writer.commit(replay.position, clock(), () => {
    for (const work of replay.work) work(writer)
    for (const intent of replay.intents.values()) writer.submit(decodeSubmission(intent, 0))
    writer.settle(replay.position)
  })
  const entries = replay.work.length + replay.intents.size
  if (entries > 0) told.note(`${counted(entries, 'record')} taken from the journal`)
  if (damage !== null) told.damaged(damage)
}

/** Writes what is told as it comes, and sums it up. */
class Told {
  readonly #context: CommandContext
  #rings = 0
  #records = 0
  #problems = 0

  constructor(context: CommandContext) {
    this.#context = context
  }

  ring({ key, kept, missing }: RingRepair): void {
    this.#rings++
    this.#records += kept
    if (missing.length === 0) return
    this.#problems++
    const name = key === '' ? '(unattributed)' : visible(key)
    this.note(
      `PARTIAL ${name}: ${counted(kept, 'record')} kept in a new chain; missing: ${missing.join(', ')}`,
    )
  }

  damaged(what: string): void {
    this.#problems++
    this.note(`DAMAGED ${visible(what)}`)
  }

  note(text: string): void {
    this.#context.out(`${text}\n`)
  }

  end(to: string): number {
    const copied = `${counted(this.#rings, 'ring')} with ${counted(this.#records, 'record')} copied to ${visible(to)}`
    this.note(this.#problems === 0 ? `${copied}: nothing is missing` : `${copied}: in part, see above`)
    return this.#problems === 0 ? ExitCode.ok : ExitCode.no
  }
}
