import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { buildPreload } from '../helper/preload.ts'
import { type CutEntry, readCutLog, type WriteEntry } from './power-cut-log.ts'

const SOURCE = new URL('./power-cut.c', import.meta.url).pathname
/** What a disk writes as a whole or not at all. */
const SECTOR_BYTES = 512

export interface PowerCutOptions {
  /** The directory whose files lose what was not synced. */
  readonly below: string
  readonly directory: string
  /** The disk says it synced, and did not (to see the campaign fail). */
  readonly lies?: boolean
}

/** What a cut threw away. */
export interface Discarded {
  readonly sectors: number
  readonly names: number
}

/** Compiles the library into `directory`; null with no C compiler. */
export function buildPowerCut(directory: string): string | null {
  return buildPreload(SOURCE, directory)
}

/** The environment in which a process can suffer a power cut. */
export function powerCutEnvironment(library: string, { below, directory, lies }: PowerCutOptions) {
  return {
    LD_PRELOAD: library,
    POWER_CUT_BELOW: below,
    POWER_CUT_LOG: logFile(directory),
    ...(lies === true && { POWER_CUT_LIES: '1' }),
  }
}

function logFile(directory: string): string {
  return join(directory, 'power-cut.log')
}

/**
 * Throws away what the process, which must have ended, had not synced: of each sector the `share` (1: all; else
 * by chance, so that writes are torn and out of order) of writes since the last sync, and of names the last ones.
 */
export function cutPower(
  { below, directory }: PowerCutOptions,
  share: number,
  random: () => number,
): Discarded {
  const log = logFile(directory)
  if (!existsSync(log)) return { sectors: 0, names: 0 }
  const { writes, names } = unsynced(readCutLog(log))
  let sectors = 0
  const files = filesByInode(below, directory)
  for (const [inode, entries] of writes) {
    const path = files.get(inode)
    if (path !== undefined) sectors += undoWrites(path, entries, share, random)
  }
  const undone = share === 1 ? names : names.slice(Math.floor(random() * (names.length + 1)))
  for (const entry of undone.toReversed()) undoName(entry, log)
  for (const name of readdirSync(directory)) if (name.startsWith(basename(log))) rmSync(join(directory, name))
  return { sectors, names: undone.length }
}

interface Unsynced {
  readonly writes: ReadonlyMap<number, readonly WriteEntry[]>
  readonly names: readonly CutEntry[]
}

function unsynced(entries: readonly CutEntry[]): Unsynced {
  const writes = new Map<number, WriteEntry[]>()
  let names: CutEntry[] = []
  for (const entry of entries) {
    const { kind, inode } = entry
    if (kind === 'write') writes.set(inode, [...(writes.get(inode) ?? []), { ...entry, synced: [] }])
    else if (kind === 'synced')
      writes.set(
        inode,
        (writes.get(inode) ?? []).filter(({ at }) => at >= entry.offset),
      )
    else if (kind === 'range-synced') for (const one of writes.get(inode) ?? []) one.synced.push(entry)
    else if (kind === 'directory-synced')
      names = names.filter(({ path, at }) => at >= entry.offset || !isIn(entry.path, path))
    else names.push(entry)
  }
  return { writes, names }
}

/** Whether a name is one in `directory`; of a rename, the new one. */
function isIn(directory: string, path: string): boolean {
  const [name = ''] = path.split('\n')
  return dirname(name) === directory
}

function filesByInode(...directories: readonly string[]): Map<number, string> {
  const files = new Map<number, string>()
  for (const directory of directories) {
    if (!existsSync(directory)) continue
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) files.set(statSync(path).ino, path)
    }
  }
  return files
}

/** Takes writes back, the last first. Returns in how many sectors something was. */
function undoWrites(
  path: string,
  entries: readonly WriteEntry[],
  share: number,
  random: () => number,
): number {
  const [first] = entries
  if (first === undefined) return 0
  const fd = openSync(path, 'r+')
  // From which write on a sector is undone; an earlier one than that stays.
  const from = new Map<number, number>()
  for (const [index, entry] of entries.entries()) {
    for (const sector of sectorsOf(entry)) {
      if (share === 1) from.set(sector, 0)
      else if (!from.has(sector)) from.set(sector, random() < share ? index : Number.POSITIVE_INFINITY)
      else if (random() < share / 2) from.set(sector, index)
    }
  }
  for (const [index, entry] of [...entries.entries()].reverse())
    for (const sector of sectorsOf(entry))
      if ((from.get(sector) ?? 0) <= index) restoreSector(fd, entry, sector)
  if (fstatSync(fd).size > first.size && (share === 1 || random() < share)) ftruncateSync(fd, first.size)
  closeSync(fd)
  return [...from.values()].filter((index) => index < entries.length).length
}

/** Sectors that an entry wrote to, and that no later write has made durable. */
function sectorsOf({ offset, wrote, synced }: WriteEntry): number[] {
  const first = Math.floor(offset / SECTOR_BYTES)
  const end = Math.ceil((offset + wrote) / SECTOR_BYTES)
  const sectors = Array.from({ length: end - first }, (_, index) => first + index)
  return sectors.filter((sector) =>
    synced.every(
      (range) =>
        (sector + 1) * SECTOR_BYTES <= range.offset || sector * SECTOR_BYTES >= range.offset + range.wrote,
    ),
  )
}

function restoreSector(fd: number, { offset, wrote, bytes }: WriteEntry, sector: number): void {
  const start = Math.max(offset, sector * SECTOR_BYTES)
  const end = Math.min(offset + wrote, (sector + 1) * SECTOR_BYTES)
  const before = Buffer.alloc(end - start)
  // Behind the end that the file had, nothing stood.
  if (start - offset < bytes.length) bytes.copy(before, 0, start - offset)
  writeSync(fd, before, 0, before.length, start)
}

function undoName({ kind, path, offset }: CutEntry, log: string): void {
  const aside = `${log}.aside.${offset}`
  const [name = '', from = ''] = path.split('\n')
  if (kind === 'created') rmSync(name, { recursive: true, force: true })
  if (kind === 'renamed') renameSync(name, from)
  if (kind !== 'created' && offset > 0) linkSync(aside, name)
}
