import { describeConfig } from '../config/describe.ts'
import { loadConfig } from '../config/load.ts'
import { loadDialect } from '../dialect/load.ts'
import type { CommandContext } from './command-context.ts'
import { ExitCode } from './exit-code.ts'
import { DIALECTS_DIR } from './installation.ts'
import { visible } from './visible.ts'

/**
 * `keytrail config check`: prints the effective configuration as YAML. Fails with `CONFIG_INVALID`,
 * `CONFIG_UNREADABLE`, `DIALECT_INVALID` or `DIALECT_UNREADABLE`, each with every problem.
 */
export function checkConfig({ out, env }: CommandContext, file: string): number {
  const config = loadConfig({ file, env })
  const { title } = loadDialect(config.dialect, DIALECTS_DIR)
  out(`# valid: ${visible(file)}, with its defaults and KEYTRAIL_ variables; dialect ${visible(title)}\n`)
  out(describeConfig(config))
  return ExitCode.ok
}
