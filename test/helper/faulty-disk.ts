import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { buildPreload } from './preload.ts'

const SOURCE = new URL('./faulty-disk.c', import.meta.url).pathname

/** What faulty-disk.c can do to a process. */
export type DiskFault = 'journal' | 'store' | 'meta' | 'hang' | 'later'

/** Faults of the disk under a process that was started with `env`. */
export interface FaultyDisk {
  readonly env: Readonly<Record<string, string>>
  begin(fault: DiskFault): void
  end(fault: DiskFault): void
}

/** Until the test ends; null with no C compiler. */
export function faultyDisk(t: Test): FaultyDisk | null {
  const directory = mkdtempSync(join(tmpdir(), 'keytrail-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const library = buildPreload(SOURCE, directory)
  if (library === null) return null
  return {
    env: { LD_PRELOAD: library, FAULTY_DISK: directory },
    begin: (fault) => writeFileSync(join(directory, fault), ''),
    end: (fault) => rmSync(join(directory, fault)),
  }
}
