import * as fs from 'node:fs'
import type { Test } from 'tap'
import type { Journal } from '../../src/recorder/journal.ts'
import { Control } from '../../src/recorder/queue.ts'
import { recover } from '../../src/recorder/recovery.ts'
import { decodeGroup, FIRST_GROUP } from '../../src/recorder/segment.ts'
import { slotPath } from '../../src/recorder/slots.ts'
import { MemoryStore, RUN, type TestJournal } from './written-journal.ts'

/** Calls of the file system that fail while their count lasts; each is noted. */
export interface Faults {
  open: number
  write: number
  writev: number
  sync: number
  readonly calls: string[]
  /** Inodes of files whose sync failed. */
  readonly doubtful: Set<number>
}

/** The journal on a file system with faults. */
export async function faultyJournal(t: Test): Promise<{ journal: typeof Journal; faults: Faults }> {
  const faults: Faults = { open: 0, write: 0, writev: 0, sync: 0, calls: [], doubtful: new Set() }
  const fault = (call: 'open' | 'write' | 'writev' | 'sync'): void => {
    faults.calls.push(call)
    if (faults[call]-- > 0) throw Object.assign(new Error(`no ${call}`), { code: 'EIO' })
  }
  const mock = {
    ...fs,
    openSync(...args: Parameters<typeof fs.openSync>) {
      fault('open')
      return fs.openSync(...args)
    },
    writeSync(...args: Parameters<typeof fs.writeSync>) {
      fault('write')
      return fs.writeSync(...args)
    },
    writevSync(...[fd, buffers, position]: Parameters<typeof fs.writevSync>) {
      if (faults.writev > 0) fs.writeSync(fd, Buffer.alloc(40, 'torn'), 0, 40, position ?? 0)
      fault('writev')
      return fs.writevSync(fd, buffers, position)
    },
    fdatasyncSync(fd: number) {
      const { ino } = fs.fstatSync(fd)
      // As Linux does: the pages that could not be written count as clean, and the next sync succeeds.
      if (faults.doubtful.has(ino)) t.fail('a file whose sync failed was synced once more')
      if (faults.sync > 0) faults.doubtful.add(ino)
      fault('sync')
      fs.fdatasyncSync(fd)
    },
  }
  const module = await t.mockImport<typeof import('../../src/recorder/journal.ts')>(
    '../../src/recorder/journal.ts',
    { 'node:fs': mock },
  )
  return { journal: module.Journal, faults }
}

/** Numbers of the records that a start would find. */
export function found(journal: TestJournal): string[] {
  const store = new MemoryStore()
  recover(journal.directory, store, 0, RUN)
  return store.records
}

/** How many segments count. */
export function segmentsOpened({ queue }: TestJournal): number {
  return Atomics.load(queue.control, Control.segmentsOpened)
}

/** The groups of a slot, as [position, synced, bytes]. */
export function groupsIn(directory: string, slot: number, sequence: number): number[][] {
  const bytes = fs.readFileSync(slotPath(directory, slot))
  const groups: number[][] = []
  for (let at = FIRST_GROUP; ; ) {
    const group = decodeGroup(bytes, at, sequence)
    if (group === null) return groups
    groups.push([group.position, group.synced, group.entries.length])
    at = group.end
  }
}
