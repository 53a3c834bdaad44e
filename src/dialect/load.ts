import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeytrailError } from '../errors.ts'
import { compileDialect } from './compile.ts'
import type { Dialect } from './dialect.ts'
import { parseDescription } from './parse-description.ts'

const extension = '.yaml'

/**
 * Loads the dialect `nameOrFile`: a name in `dialectsDir`, or a file (whatever holds a slash or ends in .yaml or
 * .yml). Throws {@link KeytrailError}: `DIALECT_UNREADABLE`, or `DIALECT_INVALID` with every mistake's line.
 */
export function loadDialect(nameOrFile: string, dialectsDir: string): Dialect {
  const isFile = nameOrFile.includes('/') || nameOrFile.endsWith(extension) || nameOrFile.endsWith('.yml')
  const file = isFile ? nameOrFile : join(dialectsDir, nameOrFile + extension)
  return compileDialect(parseDescription(readText(file, isFile ? '' : dialectsDir), file))
}

function readText(file: string, dialectsDir: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unknown error'
    const hint =
      dialectsDir === '' ? 'check the path' : `known dialects: ${namesIn(dialectsDir).join(', ') || 'none'}`
    throw new KeytrailError('DIALECT_UNREADABLE', `cannot read the dialect ${file} (${code}): ${hint}`, {
      cause,
    })
  }
}

function namesIn(dialectsDir: string): string[] {
  try {
    const files = readdirSync(dialectsDir).filter((name) => name.endsWith(extension))
    return files.map((name) => name.slice(0, -extension.length)).toSorted()
  } catch {
    return []
  }
}
