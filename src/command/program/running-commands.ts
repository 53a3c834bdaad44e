import { type Command, Option } from 'commander'
import { parseBind } from '../../listener/bind.ts'
import type { DemoOptions } from '../demo.ts'
import type { DevKmsCommandOptions } from '../devkms.ts'
import { parseFirstPort, parsePositive } from '../parse-argument.ts'
import { argument, configOption, example } from './option.ts'
import type { ProgramOptions } from './program-options.ts'

/** Where the default configuration expects the key API. */
const DEVKMS_BIND = '127.0.0.1:8200'

/** What runs until it is told to end. */
export function addRunningCommands(program: Command, options: ProgramOptions): void {
  addServe(program, options)
  addDemo(program, options)
  addDevKms(program, options)
}

function addServe(program: Command, { context, config, report }: ProgramOptions): void {
  program
    .command('serve')
    .summary('run the sidecar')
    .description('Run the sidecar until SIGTERM or Ctrl-C. Logs JSON lines to standard output.')
    .addOption(configOption(config))
    .addHelpText('after', example('KEYTRAIL_UPSTREAM_URL=https://kms.example keytrail serve'))
    .action(async (options: { readonly config: string }) => {
      const { serve } = await import('../serve.ts')
      report(await serve(context, options.config))
    })
}

function addDemo(program: Command, { context, report }: ProgramOptions): void {
  program
    .command('demo')
    .summary('send traffic through keytrail to a development key API')
    .description(
      'Send a trickle of traffic through keytrail to a development key API, until Ctrl-C; then compare what was sent with the history. Leaves nothing behind.',
    )
    .option('--seconds <n>', 'end by itself after so many', argument(parsePositive, 'a number above 0'))
    .option('--rate <n>', 'requests per second', argument(parsePositive, 'a number above 0'), 10)
    .option(
      '--port <n>',
      'listen on this and the next two ports: api, console, history; 0 for any (default: 8300, 8301 and 8400 where they are free)',
      argument(parseFirstPort, 'a port up to 65533'),
    )
    .addHelpText('after', example('keytrail demo --seconds 5'))
    .action(async (options: DemoOptions) => {
      const { demo } = await import('../demo.ts')
      report(await demo(context, options))
    })
}

function addDevKms(program: Command, { context, report }: ProgramOptions): void {
  program
    .command('devkms')
    .summary('run the development key API alone')
    .description(
      'Run a key API with real cryptography, for development: its keys live in memory, and every account may do everything. Prints the accounts made for this run.',
    )
    .addOption(
      new Option('--bind <address>', 'where to listen')
        .argParser(argument(parseBind, 'host:port'))
        .default(parseBind(DEVKMS_BIND), DEVKMS_BIND),
    )
    .option('--expose-to-network', 'allow an address that other machines can reach')
    .addHelpText('after', example('keytrail devkms --bind 127.0.0.1:8200'))
    .action(async (options: DevKmsCommandOptions) => {
      const { devkms } = await import('../devkms.ts')
      report(await devkms(context, options))
    })
}
