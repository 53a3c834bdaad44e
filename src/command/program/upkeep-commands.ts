import type { Command } from 'commander'
import { KeytrailError } from '../../errors.ts'
import type { StoreChoice } from '../reading-store.ts'
import type { RepairOptions } from '../repair.ts'
import { example, readingOptions, storeOptions } from './option.ts'
import type { ProgramOptions } from './program-options.ts'

/** What a store needs now and then. */
export function addUpkeepCommands(program: Command, options: ProgramOptions): void {
  addCompact(program, options)
  addRepair(program, options)
  addClock(program, options)
}

function addCompact(program: Command, { context, config, report }: ProgramOptions): void {
  storeOptions(program.command('compact'), config)
    .summary('write the store anew, without what was deleted; under a running keytrail at its next start')
    .description(
      'Write the store anew without what was deleted; a running keytrail does it at its next start.',
    )
    .addHelpText('after', example('keytrail compact --store /var/lib/keytrail'))
    .action(async (options: StoreChoice) => {
      const { compact } = await import('../compact.ts')
      report(await compact(context, options))
    })
}

function addRepair(program: Command, { context, config, report }: ProgramOptions): void {
  storeOptions(program.command('repair'), config)
    .requiredOption('--to <dir>', 'the data directory of the new store, empty or not there yet')
    .summary('save what can be read of a damaged store')
    .description(
      'Copy what can be read of a stopped store and its journal to a new one, and tell what could not be. The old one is only read.',
    )
    .addHelpText('after', example('keytrail repair --store /var/lib/keytrail --to /var/lib/keytrail-new'))
    .action(async (options: RepairOptions) => {
      const { repair } = await import('../repair.ts')
      report(await repair(context, options))
    })
}

function addClock(program: Command, { context, config, report }: ProgramOptions): void {
  readingOptions(program.command('clock'), config)
    .argument('[word]', 'accept: the clock is right, although it has jumped ahead')
    .summary('tell, or confirm, whether the clock is believed')
    .description('Tell what the store believes of the clock; with `accept`, confirm that the clock is right.')
    .addHelpText('after', example('keytrail clock accept --store /var/lib/keytrail'))
    .action(async (word: string | undefined, options: StoreChoice) => {
      if (word !== undefined && word !== 'accept') {
        throw new KeytrailError('CONFIG_INVALID', `expected nothing or accept, found ${word}`)
      }
      const { clock } = await import('../clock.ts')
      report(await clock(context, options, word === 'accept'))
    })
}
