#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command/command-context.ts'
import type { DemoOptions } from './command/demo.ts'
import type { DevKmsCommandOptions } from './command/devkms.ts'
import { errorText } from './command/error-text.ts'
import { EXIT_CODE_HELP, ExitCode, exitCodeOf } from './command/exit-code.ts'
import type { HealthOptions } from './command/health.ts'
import type { HistoryOptions } from './command/history.ts'
import { DEFAULT_CONFIG_FILE, packageVersion } from './command/installation.ts'
import type { KeysOptions } from './command/keys.ts'
import { parseMoment } from './command/moment.ts'
import { parseCount, parseFirstPort, parseHttpUrl, parsePositive, ringOf } from './command/parse-argument.ts'
import type { StoreChoice } from './command/reading-store.ts'
import type { RepairOptions } from './command/repair.ts'
import type { VerifyCommandOptions } from './command/verify.ts'
import { visibleLines } from './command/visible.ts'
import { KeytrailError } from './errors.ts'
import { parseBind } from './listener/bind.ts'

const { KEYTRAIL_CONFIG, KEYTRAIL_DEBUG, ...env } = process.env

const context: CommandContext = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env,
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : null
  },
  clock: () => Date.now(),
}

/** Runs the command that `argv` (Node's own two first) names; resolves with the exit code, whatever happens. */
async function run(argv: readonly string[]): Promise<number> {
  let code: number = ExitCode.ok
  const program = describeProgram((result) => {
    code = result
  })
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    // Commander has told it already; a request for help or the version is none.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
    context.err(errorText(error, KEYTRAIL_DEBUG !== undefined))
    return exitCodeOf(error)
  }
}

type Report = (code: number) => void

/** Where the default configuration expects the key API. */
const DEVKMS_BIND = '127.0.0.1:8200'

// Each command is loaded when it runs: a health check every few seconds must not load a proxy.
function describeProgram(report: Report): Command {
  const program = new Command('keytrail')
    .description('A reverse-proxy audit sidecar for key-management APIs.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(visibleLines(text.replace(/^error: /, 'keytrail: '))),
    })
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', EXIT_CODE_HELP)
  addServe(program, report)
  addDemo(program, report)
  addDevKms(program, report)
  addKeys(program, report)
  addHistory(program, report)
  addVerify(program, report)
  addCompact(program, report)
  addRepair(program, report)
  addClock(program, report)
  addConfigCheck(program, report)
  addHealth(program, report)
  return program
}

function addServe(program: Command, report: Report): void {
  program
    .command('serve')
    .summary('run the sidecar')
    .description('Run the sidecar until SIGTERM or Ctrl-C. Logs JSON lines to standard output.')
    .addOption(configOption())
    .addHelpText('after', example('KEYTRAIL_UPSTREAM_URL=https://kms.example keytrail serve'))
    .action(async ({ config }: { config: string }) => {
      const { serve } = await import('./command/serve.ts')
      report(await serve(context, config))
    })
}

function addDemo(program: Command, report: Report): void {
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
      const { demo } = await import('./command/demo.ts')
      report(await demo(context, options))
    })
}

function addDevKms(program: Command, report: Report): void {
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
      const { devkms } = await import('./command/devkms.ts')
      report(await devkms(context, options))
    })
}

function addKeys(program: Command, report: Report): void {
  reading(program.command('keys'))
    .summary('list the keys that have a history')
    .description('List the keys that have a history, in the order of their ids.')
    .addHelpText('after', example('keytrail keys --store /var/lib/keytrail'))
    .action(async (options: KeysOptions) => {
      const { keys } = await import('./command/keys.ts')
      report(await keys(context, options))
    })
}

type HistoryArguments = HistoryOptions & { readonly unattributed?: boolean }

function addHistory(program: Command, report: Report): void {
  const moment = argument(
    (text) => parseMoment(text, context.clock()),
    'Unix ms, RFC 3339 such as 2026-10-01T02:03:04Z, or how long ago, such as 90s, 2h, 7d',
  )
  reading(program.command('history'))
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
      const { history } = await import('./command/history.ts')
      report(await history(context, ringOf(key, unattributed), options))
    })
}

function addVerify(program: Command, report: Report): void {
  reading(program.command('verify'))
    .argument('[key]', 'only the ring of this key')
    .option('--key <id>', 'the same, for an id that begins with a hyphen')
    .summary('check that no record was changed')
    .description(
      'Look at every page of the store, walk the hash chain of every ring, or of one key, and tell what is damaged.',
    )
    .addHelpText('after', example('keytrail verify --store /var/lib/keytrail'))
    .action(async (key: string | undefined, options: VerifyCommandOptions) => {
      const { verify } = await import('./command/verify.ts')
      report(await verify(context, key === undefined ? options : { ...options, key }))
    })
}

function addClock(program: Command, report: Report): void {
  reading(program.command('clock'))
    .argument('[word]', 'accept: the clock is right, although it has jumped ahead')
    .summary('tell, or confirm, whether the clock is believed')
    .description('Tell what the store believes of the clock; with `accept`, confirm that the clock is right.')
    .addHelpText('after', example('keytrail clock accept --store /var/lib/keytrail'))
    .action(async (word: string | undefined, options: StoreChoice) => {
      if (word !== undefined && word !== 'accept') {
        throw new KeytrailError('CONFIG_INVALID', `expected nothing or accept, found ${word}`)
      }
      const { clock } = await import('./command/clock.ts')
      report(await clock(context, options, word === 'accept'))
    })
}

function addCompact(program: Command, report: Report): void {
  storeOptions(program.command('compact'))
    .summary('write the store anew, without what was deleted; under a running keytrail at its next start')
    .description(
      'Write the store anew without what was deleted; a running keytrail does it at its next start.',
    )
    .action(async (options: StoreChoice) => {
      const { compact } = await import('./command/compact.ts')
      report(await compact(context, options))
    })
}

function addRepair(program: Command, report: Report): void {
  storeOptions(program.command('repair'))
    .requiredOption('--to <dir>', 'the data directory of the new store, empty or not there yet')
    .summary('save what can be read of a damaged store')
    .action(async (options: RepairOptions) => {
      const { repair } = await import('./command/repair.ts')
      report(await repair(context, options))
    })
}

function addConfigCheck(program: Command, report: Report): void {
  program
    .command('config')
    .description('check a configuration')
    .command('check')
    .argument('[file]', 'the configuration', KEYTRAIL_CONFIG ?? DEFAULT_CONFIG_FILE)
    .description(
      'Check a configuration and its dialect, and print what comes of it as YAML; secrets are masked.',
    )
    .addHelpText('after', example('keytrail config check /etc/keytrail.yaml'))
    .action(async (file: string) => {
      const { checkConfig } = await import('./command/config-check.ts')
      report(checkConfig(context, file))
    })
}

function addHealth(program: Command, report: Report): void {
  program
    .command('health')
    .summary('ask a running keytrail whether it is ready')
    .description('Ask a running keytrail whether it is ready, for the health check of a container.')
    .addOption(configOption())
    .option(
      '--url <url>',
      'base URL of its history API (default: the bind of the configuration)',
      argument(parseHttpUrl, 'an http URL'),
    )
    .addHelpText('after', example('keytrail health --url http://127.0.0.1:8400'))
    .action(async (options: HealthOptions) => {
      const { health } = await import('./command/health.ts')
      report(await health(context, options))
    })
}

function reading(command: Command): Command {
  return storeOptions(command).option('--json', 'write JSON, as the history API does')
}

function storeOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .option('--store <dir>', 'the data directory, else the configuration’s')
}

function configOption(): Option {
  return new Option('--config <file>', 'the configuration; KEYTRAIL_ variables override it').default(
    KEYTRAIL_CONFIG ?? DEFAULT_CONFIG_FILE,
    KEYTRAIL_CONFIG ?? 'KEYTRAIL_CONFIG, else config/keytrail.yaml of the package',
  )
}

function example(line: string): string {
  return `\nExample:\n  ${line}\n${EXIT_CODE_HELP}`
}

/** Commander's reader of an argument: what `parse` makes of it, or a refusal that says what was expected. */
function argument<Value>(parse: (text: string) => Value | null, expected: string): (text: string) => Value {
  return (text) => {
    const value = parse(text)
    if (value === null) throw new InvalidArgumentError(`Expected ${expected}.`)
    return value
  }
}

// Whoever reads our output may stop early: keytrail history … | head
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok)
  throw error
})
process.exitCode = await run(process.argv)
