import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalMark } from '../store/journal-mark.ts'
import { syncDirectory } from '../store/sync-directory.ts'
import { journalMismatch, rolledBack } from './journal-damage.ts'

const EPOCH_FILE = 'epoch'

/**
 * Each start counts up in the store and then in the journal's directory. What stands here tells a store's file
 * that was put back from an earlier time, or a journal that was, from those that belong together. Returns what
 * this start is to count as. Throws `STORE_ROLLED_BACK`, `STORE_DAMAGED`.
 */
export function nextEpoch(directory: string, instance: Buffer, { epoch, clean, slots }: JournalMark): number {
  const found = readEpoch(directory, instance)
  if (found === null) {
    // The very first start broke off in between: there was no slot to write to yet.
    if (epoch === 1 && slots.length === 0) return 1
    if (epoch > 0 && !clean)
      throw journalMismatch(directory, `expected the journal of start ${epoch}, found none`)
    return epoch + 1
  }
  if (found > epoch) {
    throw rolledBack(
      directory,
      `expected the store’s file of start ${found}, found that of start ${epoch}: an older copy, or one that was made anew`,
    )
  }
  // A start that broke off in between has counted in the store only: it counts once.
  if (found === epoch - 1) return epoch
  if (found < epoch && !clean)
    throw rolledBack(
      directory,
      `expected the journal of start ${epoch}, found an older one, of start ${found}`,
    )
  return epoch + 1
}

/** Writes the epoch, durable when this returns. */
export function writeEpoch(directory: string, instance: Buffer, epoch: number): void {
  const path = join(directory, EPOCH_FILE)
  const fd = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(fd, `${instance.toString('hex')} ${epoch}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${path}.new`, path)
  syncDirectory(directory)
}

/** null where there is none. */
function readEpoch(directory: string, instance: Buffer): number | null {
  const path = join(directory, EPOCH_FILE)
  const text = readText(path)
  if (text === null) return null
  const found = /^([0-9a-f]{32}) (\d{1,15})\n$/.exec(text)
  if (found === null) throw journalMismatch(path, 'expected an instance and a number, found other text')
  if (found[1] !== instance.toString('hex'))
    throw journalMismatch(path, 'expected the journal of this store, found that of another')
  return Number(found[2])
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
