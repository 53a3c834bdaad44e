import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { KeytrailError } from '../errors.ts'
import { unusablePages } from './check-pages.ts'

/** LMDB's meta page (mdb.c): behind the page header of 24 bytes its magic number, then the format's version. */
const MAGIC_OFFSET = 24
const VERSION_OFFSET = 28
const PAGE_SIZE_OFFSET = 48
const MAGIC = 0xbeefc0de
const VERSION = 2
const META_BYTES = 64

/**
 * Makes sure that `file` is one that LMDB can open: on any other the library takes the whole process down.
 * Throws `STORE_MISSING` where there is nothing to read, `STORE_DAMAGED` or `STORE_FORMAT` where it is no
 * store of ours, `STORE_UNWRITABLE` where it can't be opened at all.
 */
export function checkStoreFile(file: string, access: 'read' | 'write'): void {
  const descriptor = openStoreFile(file, access)
  if (descriptor === null) return
  try {
    const { size } = fstatSync(descriptor)
    if (size > 0) checkPages(file, descriptor)
    else if (access === 'read') throw missingStore(file, 'an empty file')
  } finally {
    closeSync(descriptor)
  }
}

/** null where there is no file yet, and one is to be made. */
function openStoreFile(file: string, access: 'read' | 'write'): number | null {
  try {
    return openSync(file, access === 'read' ? 'r' : 'r+')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unusable(file, error)
    if (access === 'read') throw missingStore(file, 'none')
    return null
  }
}

function checkPages(file: string, descriptor: number): void {
  checkMetaPages(file, descriptor)
  // LMDB writes numbers as the machine has them, and page.ts reads them as nearly all machines do.
  const found = endianness() === 'LE' ? unusablePages(file) : null
  if (found !== null) throw damaged(file, found)
}

/** Both are looked at: the older one counts where the newer one was torn. */
function checkMetaPages(file: string, descriptor: number): void {
  const first = readMetaPage(file, descriptor, 0)
  const pageSize = word(first, PAGE_SIZE_OFFSET)
  if (pageSize < 512 || pageSize > 65536) throw damaged(file, `a page size of ${pageSize}`)
  readMetaPage(file, descriptor, pageSize)
}

function readMetaPage(file: string, descriptor: number, offset: number): Buffer {
  const bytes = Buffer.alloc(META_BYTES)
  if (readSync(descriptor, bytes, 0, META_BYTES, offset) < META_BYTES) {
    throw damaged(file, `its end at byte ${fstatSync(descriptor).size}`)
  }
  if (word(bytes, MAGIC_OFFSET) !== MAGIC) throw damaged(file, `other bytes at ${offset + MAGIC_OFFSET}`)
  const version = word(bytes, VERSION_OFFSET) & 0xffff
  if (version === VERSION) return bytes
  throw new KeytrailError(
    'STORE_FORMAT',
    `store ${file}: expected LMDB data format ${VERSION}, found ${version}; start the keytrail that wrote it`,
  )
}

/** LMDB writes numbers as the machine has them. */
function word(bytes: Buffer, offset: number): number {
  return endianness() === 'LE' ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset)
}

/** There is no store (yet). */
export function missingStore(file: string, found: string): KeytrailError {
  return new KeytrailError(
    'STORE_MISSING',
    `store ${file}: expected the store of a keytrail that has run, found ${found}; check store.path`,
  )
}

function damaged(file: string, found: string): KeytrailError {
  return new KeytrailError(
    'STORE_DAMAGED',
    `store ${file}: expected a whole LMDB file, found ${found}; restore a backup of the whole data directory, or save what can be read with keytrail repair --to DIR`,
  )
}

/** An error of the operating system, or of the library, that keeps the store from being opened. */
export function unusable(file: string, cause: unknown): KeytrailError {
  const found = cause instanceof Error ? cause.message : String(cause)
  return new KeytrailError(
    'STORE_UNWRITABLE',
    `store ${file}: expected a file that keytrail can open, found «${found}»; check its owner, its mode and the mount`,
    { cause },
  )
}
