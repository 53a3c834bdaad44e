import { type Command, Option } from 'commander'
import type { HistoryOptions } from '../history.ts'
import type { KeysOptions } from '../keys.ts'
import { parseMoment } from '../moment.ts'
import { parseCount, ringOf } from '../parse-argument.ts'
import type { VerifyCommandOptions } from '../verify.ts'
import { argument, example, readingOptions } from './option.ts'
import type { ProgramOptions } from './program-options.ts'

type HistoryArguments = HistoryOptions & { readonly unattributed?: boolean }

/** What reads the store, whether a keytrail runs on it or not. */
export function addStoreCommands(program: Command, options: ProgramOptions): void {
  addKeys(program, options)
  addHistory(program, options)
  addVerify(program, options)
}

function addKeys(program: Command, { context, config, report }: ProgramOptions): void {
  readingOptions(program.command('keys'), config)
    .summary('list the keys that have a history')
    .description('List the keys that have a history, in the order of their ids.')
    .addHelpText('after', example('keytrail keys --store /var/lib/keytrail'))
    .action(async (options: KeysOptions) => {
      const { keys } = await import('../keys.ts')
      report(await keys(context, options))
    })
}

function addHistory(program: Command, { context, config, report }: ProgramOptions): void {
  const moment = argument(
    (text) => parseMoment(text, context.clock()),
    'Unix ms, RFC 3339 such as 2026-10-01T02:03:04Z, or how long ago, such as 90s, 2h, 7d',
  )
  readingOptions(program.command('history'), config)
    .argument('[key]', 'the id of a key')
    .summary('show the records of a key')
    .description(
      'Show the records of a key, newest first. The requester of a refused request is what it claimed.',
    )
    .option('--unattributed', 'show requests that belong to no known key, instead of a key')
    .option(
      '--from <time>',
      'no records before this time: Unix ms, RFC 3339, or how long ago, such as 2h',
      moment,
    )
    .option('--to <time>', 'no records after this time', moment)
    .option(
      '--q <text>',
      'only records with this in action, requester, address, outcome, status, error code or request id',
    )
    .option('--action <name>', 'only this action')
    .addOption(new Option('--outcome <word>', 'only this outcome').choices(['success', 'failure', 'unknown']))
    .option('--limit <n>', 'most records shown', argument(parseCount, 'a whole number above 0'), 50)
    .addHelpText('after', example('keytrail history 7e1b… --from 2h --outcome failure'))
    .action(async (key: string | undefined, { unattributed = false, ...options }: HistoryArguments) => {
      const { history } = await import('../history.ts')
      report(await history(context, ringOf(key, unattributed), options))
    })
}

function addVerify(program: Command, { context, config, report }: ProgramOptions): void {
  readingOptions(program.command('verify'), config)
    .argument('[key]', 'only the ring of this key')
    .option('--key <id>', 'the same, for an id that begins with a hyphen')
    .summary('check that no record was changed')
    .description(
      'Look at every page of the store, walk the hash chain of every ring, or of one key, and tell what is damaged.',
    )
    .addHelpText('after', example('keytrail verify --store /var/lib/keytrail'))
    .action(async (key: string | undefined, options: VerifyCommandOptions) => {
      const { verify } = await import('../verify.ts')
      report(await verify(context, key === undefined ? options : { ...options, key }))
    })
}
