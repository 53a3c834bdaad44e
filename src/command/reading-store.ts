import { loadConfig } from '../config/load.ts'
import { type Environment, openEnvironment } from '../store/environment.ts'
import { isLocked } from '../store/lock.ts'
import { createReader } from '../store/query.ts'
import type { Reader } from '../store/reader.ts'
import type { CommandContext } from './command-context.ts'

import { unappliedRecords } from './unapplied.ts'

/** Which store a command reads. */
export interface StoreChoice {
  /** The configuration's file. */
  readonly config: string
  /** The data directory, in place of the configuration's. */
  readonly store?: string
}

/** A store open for reading, whether a keytrail is running on it or not. */
export interface ReadingStore {
  readonly environment: Environment
  readonly reader: Reader
}

const DAY_MS = 86_400_000

/**
 * Opens the store, runs `work` and closes it. Fails with `CONFIG_INVALID`, `CONFIG_UNREADABLE`, `STORE_MISSING`,
 * `STORE_DAMAGED`, `STORE_FORMAT` or `STORE_UNWRITABLE`.
 */
export async function withReadingStore<T>(
  context: CommandContext,
  choice: StoreChoice,
  work: (store: ReadingStore) => T,
): Promise<T> {
  const { store, retention } = loadConfig({ file: choice.config, env: context.env })
  const path = choice.store ?? store.path
  const environment = openEnvironment({ path, mapSize: store.mapSize, access: 'read' })
  try {
    const { records, days, tombstoneDays } = retention
    const reader = createReader({
      environment,
      retention: { records, ageMs: days * DAY_MS, tombstoneMs: tombstoneDays * DAY_MS },
      clock: context.clock,
    })
    if (!(await isLocked(path))) tellUnapplied(context, environment)
    return work({ environment, reader })
  } finally {
    await environment.close()
  }
}

function tellUnapplied({ err }: CommandContext, environment: Environment): void {
  const count = unappliedRecords(environment)
  if (count === 0) return
  const records = count === 1 ? '1 record' : `${count} records`
  err(
    `keytrail: note: the last run did not end cleanly; ${records} more will be shown once keytrail is started again\n`,
  )
}
