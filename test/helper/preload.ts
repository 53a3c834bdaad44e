import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'

/** Whether {@link buildPreload} has what it needs. */
export function hasCompiler(): boolean {
  return spawnSync('gcc', ['--version']).status === 0
}

/** Compiles `source` (C) into `directory` for LD_PRELOAD; null with no C compiler. */
export function buildPreload(source: string, directory: string): string | null {
  const name = basename(source, '.c')
  const library = join(directory, `${name}.so`)
  const { status, error, stderr } = spawnSync(
    'gcc',
    ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread'],
    { encoding: 'utf8' },
  )
  if (error !== undefined) return null
  if (status !== 0) throw new Error(`${name}.c: ${stderr}`)
  return library
}
