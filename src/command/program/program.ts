import { Command } from 'commander'
import { EXIT_CODE_HELP } from '../exit-code.ts'
import { packageVersion } from '../installation.ts'
import { visibleLines } from '../visible.ts'
import type { ProgramOptions } from './program-options.ts'
import { addRunningCommands } from './running-commands.ts'
import { addSettingsCommands } from './settings-commands.ts'
import { addStoreCommands } from './store-commands.ts'
import { addUpkeepCommands } from './upkeep-commands.ts'

// Each command is loaded when it runs: a health check every few seconds must not load a proxy.

/** The command line: throws commander's own errors once it has told them, and those of the commands. */
export function describeProgram(options: ProgramOptions): Command {
  const program = new Command('keytrail')
    .description('A reverse-proxy audit sidecar for key-management APIs.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(visibleLines(text.replace(/^error: /, 'keytrail: '))),
    })
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', EXIT_CODE_HELP)
  addRunningCommands(program, options)
  addStoreCommands(program, options)
  addUpkeepCommands(program, options)
  addSettingsCommands(program, options)
  return program
}
