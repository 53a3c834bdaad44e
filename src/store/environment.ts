import { join } from 'node:path'
import { type Database as LmdbDatabase, open, type RootDatabase } from 'lmdb'
import { checkStoreFile, missingStore, unusable } from './store-file.ts'

/** One ordered map of bytes to bytes. Inside a transaction, reads see what it wrote so far. */
export interface Database {
  get(key: Uint8Array): Buffer | undefined
  put(key: Uint8Array, value: Uint8Array): void
  remove(key: Uint8Array): void
  /** From `start` (inclusive) to `end` (exclusive); reversed: from `start` (inclusive) down to `end` (exclusive). */
  range(bounds: Bounds): Iterable<{ key: Uint8Array; value: Buffer }>
  /** The keys of {@link Database.range} alone. */
  keys(bounds: Bounds): Iterable<Uint8Array>
}

export interface Bounds {
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

/** The store's LMDB environment; nothing of the library's shape is seen outside this file. */
export interface Environment {
  /** The data directory. */
  readonly path: string
  readonly meta: Database
  readonly keys: Database
  readonly records: Database
  readonly schedule: Database
  readonly tombstones: Database
  readonly credentials: Database
  readonly changes: Database
  /** Whether the file has grown to {@link EnvironmentOptions.mapSize}, as of the last commit. */
  readonly full: boolean
  /** Runs `work` in one write transaction, on disk when this returns; rolled back if it throws. */
  transaction<T>(work: () => T): T
  /** Makes the next read see the newest commit; until then all reads see one snapshot of this turn. */
  refresh(): void
  close(): Promise<void>
}

export interface EnvironmentOptions {
  /** The data directory. */
  readonly path: string
  readonly access: 'read' | 'write'
  /**
   * Bytes the file may grow to. The library maps more by itself where they do not suffice, so whoever appends must
   * ask {@link Environment.full}.
   */
  readonly mapSize: number
}

/** The environment's file within a data directory. */
export const STORE_FILE = 'store.mdb'

/**
 * Opens the environment, or throws `STORE_MISSING`, `STORE_DAMAGED`, `STORE_FORMAT` or `STORE_UNWRITABLE`.
 * `overlappingSync: false` makes a synchronous transaction return only when data and
 * meta page are on disk (seen with strace on lmdb 3.5.6); `noSubdir` is explicit because a dot in the path
 * changes the library's guess.
 */
export function openEnvironment(options: EnvironmentOptions): Environment {
  const { path } = options
  const root = openRoot(options)
  const database = (name: string): Database => {
    const found = root.openDB<Buffer, Uint8Array>(name, { encoding: 'binary', keyEncoding: 'binary' })
    // A reader can come between the making of the file and that of its databases.
    if (found !== undefined) return wrap(found)
    void root.close()
    throw missingStore(join(path, STORE_FILE), 'one that is just being made')
  }
  return {
    path,
    meta: database('meta'),
    keys: database('keys'),
    records: database('records'),
    schedule: database('schedule'),
    tombstones: database('tombstones'),
    credentials: database('credentials'),
    changes: database('changes'),
    get full() {
      const { lastPageNumber, pageSize } = root.getStats() as { lastPageNumber: number; pageSize: number }
      return (lastPageNumber + 1) * pageSize >= options.mapSize
    },
    transaction: (work) => root.transactionSync(work),
    refresh: () => root.resetReadTxn(),
    close: () => root.close(),
  }
}

function openRoot({ path, access, mapSize }: EnvironmentOptions): RootDatabase<Buffer, Uint8Array> {
  const file = join(path, STORE_FILE)
  checkStoreFile(file, access)
  try {
    return open({
      path: file,
      noSubdir: true,
      readOnly: access === 'read',
      mapSize,
      maxDbs: 12,
      maxReaders: 126,
      overlappingSync: false,
      encoding: 'binary',
      keyEncoding: 'binary',
    })
  } catch (error) {
    throw unusable(file, error)
  }
}

function wrap(database: LmdbDatabase<Buffer, Uint8Array>): Database {
  return {
    get: (key) => database.getBinary(key),
    put: (key, value) => database.putSync(key, value as Buffer),
    remove: (key) => {
      database.removeSync(key)
    },
    range: (bounds) => database.getRange(bounds),
    keys: (bounds) => database.getKeys({ ...bounds }),
  }
}
