import { join } from 'node:path'
import { type Database as LmdbDatabase, open, type RootDatabase } from 'lmdb'
import { KeytrailError } from '../errors.ts'
import { seal, unseal } from './seal.ts'
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

/** The database of blocks. */
export interface Blocks extends Database {
  /**
   * Overwrites a value that may share its page with others. To be done with all that are to be removed before one
   * of them is: removing moves the others within their page and leaves copies of them in its unused part.
   */
  blank(key: Uint8Array): void
}

export interface Bounds {
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

/** Everything the store keeps. */
export const DATABASES = [
  'meta',
  'keys',
  'records',
  'schedule',
  'tombstones',
  'credentials',
  'changes',
] as const

type Databases = Readonly<Record<(typeof DATABASES)[number], Database>> & { readonly records: Blocks }

/** The store's LMDB environment; nothing of the library's shape is seen outside this file. */
export interface Environment extends Databases {
  /** The data directory. */
  readonly path: string
  /**
   * Whether no record may be added, as of the last commit: {@link EnvironmentOptions.mapSize} is in use, or the file
   * is twice as large. Pages that were freed don't count.
   */
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
   * Bytes that may be in use. The library maps more by itself where they do not suffice, so whoever appends must
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
  const opened: LmdbDatabase<Buffer, Uint8Array>[] = []
  const databaseOf = <T>(
    name: string,
    wrap: (found: LmdbDatabase<Buffer, Uint8Array>, file: string) => T,
  ): T => {
    const found = root.openDB<Buffer, Uint8Array>(name, { encoding: 'binary', keyEncoding: 'binary' })
    // A reader can come between the making of the file and that of its databases.
    if (found !== undefined) {
      opened.push(found)
      return wrap(found, join(path, STORE_FILE))
    }
    void root.close()
    throw missingStore(join(path, STORE_FILE), 'one that is just being made')
  }
  const database = (name: string): Database => databaseOf(name, sealedDatabase)
  return {
    path,
    meta: database('meta'),
    keys: database('keys'),
    records: databaseOf('records', recordsDatabase),
    schedule: database('schedule'),
    tombstones: database('tombstones'),
    credentials: database('credentials'),
    changes: database('changes'),
    get full() {
      const stats = root.getStats() as RootStats
      const pages = stats.lastPageNumber + 1
      const most = options.mapSize / stats.pageSize
      // Free pages that an open snapshot still shows can't be used again, so these count from some point on.
      return pages >= most && (pages >= 2 * most || pagesInUse(stats, opened) >= most)
    },
    transaction: (work) => root.transactionSync(work),
    refresh: () => root.resetReadTxn(),
    close: () => root.close(),
  }
}

/** What LMDB counts of a tree, in pages (`MDB_stat`); the library leaves it untyped. */
interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** `root`: the tree of the databases' names; `free`: that of the free pages. */
interface RootStats {
  readonly pageSize: number
  readonly lastPageNumber: number
  readonly root: TreeStats
  readonly free: TreeStats
}

/** LMDB counts the pages of each tree: this reads no page. */
function pagesInUse({ root, free }: RootStats, databases: readonly LmdbDatabase[]): number {
  const META_PAGES = 2
  return [root, free, ...databases.map((database) => database.getStats() as TreeStats)].reduce(
    (sum, tree) => sum + tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages,
    META_PAGES,
  )
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

/** Longest value that may stand among others on one page, whose bytes stay there when it is removed. */
const SHARED_PAGE_BYTES = 2048

function recordsDatabase(database: LmdbDatabase<Buffer, Uint8Array>): Blocks {
  const blank = (key: Uint8Array): void => {
    const value = database.getBinary(key)
    if (value !== undefined && value.length <= SHARED_PAGE_BYTES)
      database.putSync(key, Buffer.alloc(value.length))
  }
  return {
    get: (key) => database.getBinary(key),
    put: (key, value) => database.putSync(key, value as Buffer),
    blank,
    remove(key) {
      blank(key)
      database.removeSync(key)
    },
    range: (bounds) => database.getRange(bounds),
    keys: (bounds) => database.getKeys({ ...bounds }),
  }
}

function sealedDatabase(database: LmdbDatabase<Buffer, Uint8Array>, file: string): Database {
  const open = (key: Uint8Array, sealed: Buffer): Buffer => {
    const value = unseal(key, sealed)
    if (value === null) throw damagedEntry(file, key)
    return value
  }
  return {
    get(key) {
      const sealed = database.getBinary(key)
      return sealed === undefined ? undefined : open(key, sealed)
    },
    put: (key, value) => database.putSync(key, seal(key, value)),
    remove: (key) => {
      database.removeSync(key)
    },
    *range(bounds) {
      for (const { key, value } of database.getRange(bounds)) yield { key, value: open(key, value) }
    },
    keys: (bounds) => database.getKeys({ ...bounds }),
  }
}

function damagedEntry(file: string, key: Uint8Array): KeytrailError {
  const name = JSON.stringify(Buffer.from(key).toString('latin1'))
  return new KeytrailError(
    'STORE_DAMAGED',
    `store ${file}: expected the entry ${name} as it was written, found other bytes; run keytrail verify`,
  )
}
