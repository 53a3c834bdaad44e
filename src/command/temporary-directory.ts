import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a directory that is removed when the process ends, however it does (kill -9 aside). */
export function temporaryDirectory(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}
