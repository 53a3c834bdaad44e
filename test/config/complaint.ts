import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import root, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { KeytrailError } from '../../src/errors.ts'

type Env = Record<string, string>

/** The test file's own directory. */
export const directory = root.testdir({})

/** Loads `yaml` as a file. */
export function load(yaml: string, env: Env = {}): Config {
  const file = join(directory, 'k.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, env })
}

/** The message of the CONFIG_INVALID that `yaml` gives. */
export function complaint(t: Test, yaml: string, env: Env = {}): string {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof KeytrailError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  t.fail('it was taken')
  return ''
}

/** How many problems, and that each is told with these words. */
export function complains(t: Test, message: string, problems: readonly RegExp[]): void {
  const lines = message.split('\n').slice(1)
  t.equal(lines.length, problems.length, message)
  for (const problem of problems)
    t.ok(
      lines.some((line) => problem.test(line)),
      `${problem}`,
    )
}
