import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { KeytrailError } from '../errors.ts'
import { copyEntries } from './copy.ts'
import { openEnvironment, STORE_FILE } from './environment.ts'
import { PageFile } from './page-file.ts'
import { checkStoreFile } from './store-file.ts'
import { syncDirectory } from './sync-directory.ts'
import { verifyStore } from './verify.ts'

const REQUEST_FILE = 'compact-requested'
const NEW_DIRECTORY = 'compact'
const LOCK_FILE = `${STORE_FILE}-lock`
/** A copy may take this much more than what is in use now: its pages are split in other places. */
const SPACE_FACTOR = 1.25

/** Bytes of the store's file. */
export type Compaction = Readonly<Record<'before' | 'after', number>>

/**
 * Copies what is in use to a new file, which takes the old one's place: what was deleted is in no part of it. For
 * whoever holds the data directory, and has no environment open on it. Killed at any point, it leaves the old
 * file or the new one, each whole. Throws `STORE_MISSING`, `STORE_DAMAGED`, or `STORE_UNWRITABLE` where there is
 * no room for two.
 */
export async function compactStore(path: string, mapSize: number): Promise<Compaction> {
  const file = join(path, STORE_FILE)
  const directory = join(path, NEW_DIRECTORY)
  checkStoreFile(file, 'read')
  rmSync(directory, { recursive: true, force: true })
  refuseWithoutRoom(path, file)
  const before = statSync(file).size
  mkdirSync(directory, { mode: 0o700 })
  try {
    await copyTo(path, directory, mapSize)
    // Readers of the old file keep their lock file; sharing it with the new one would mix up their transactions.
    rmSync(join(path, LOCK_FILE), { force: true })
    renameSync(join(directory, STORE_FILE), file)
    rmSync(join(path, LOCK_FILE), { force: true })
    syncDirectory(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return { before, after: statSync(file).size }
}

/** Has the next start compact the store. Throws the system's error. */
export function requestCompaction(path: string): void {
  closeSync(openSync(join(path, REQUEST_FILE), 'a', 0o600))
  syncDirectory(path)
}

export function isCompactionRequested(path: string): boolean {
  return existsSync(join(path, REQUEST_FILE))
}

export function endCompactionRequest(path: string): void {
  rmSync(join(path, REQUEST_FILE), { force: true })
}

async function copyTo(path: string, directory: string, mapSize: number): Promise<void> {
  const source = openEnvironment({ path, access: 'read', mapSize })
  try {
    if (!verifyStore(source).ok) {
      throw new KeytrailError(
        'STORE_DAMAGED',
        `store ${path}: expected a whole one to compact, found damage; run keytrail verify`,
      )
    }
    const target = openEnvironment({ path: directory, access: 'write', mapSize })
    try {
      copyEntries(source, target)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

function refuseWithoutRoom(path: string, file: string): void {
  const pages = new PageFile(file, { damaged: () => {} })
  let used = pages.meta.lastPage + 1
  for (const _ of pages.freePages()) used--
  pages.close()
  const needed = Math.ceil(used * pages.meta.pageSize * SPACE_FACTOR)
  const { bavail, bsize } = statfsSync(path)
  if (bavail * bsize >= needed) return
  throw new KeytrailError(
    'STORE_UNWRITABLE',
    `store ${path}: expected ${needed} bytes free for a compacted copy, found ${bavail * bsize}; nothing was changed`,
  )
}
