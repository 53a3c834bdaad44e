import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { unchecked } from './unchecked.ts'

const MOUNT = 'mount'
const UNMOUNT = 'umount'

/** Mounts a file system of so many MiB until the test ends; returns its path. */
export function smallFileSystem(t: Test, megabytes: number): string {
  const path = mkdtempSync(join(tmpdir(), 'keytrail-'))
  mount(path, megabytes)
  t.teardown(() => {
    execFileSync(UNMOUNT, ['-l', path])
    rmdirSync(path)
  })
  return path
}

/** Why no small file system can be had; false where one can. */
export function unmountable(): string | false {
  const path = mkdtempSync(join(tmpdir(), 'keytrail-'))
  try {
    mount(path, 1)
    execFileSync(UNMOUNT, [path])
    return false
  } catch {
    return unchecked('needs the right to mount a file system')
  } finally {
    rmdirSync(path)
  }
}

function mount(path: string, megabytes: number): void {
  execFileSync(MOUNT, ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
}
