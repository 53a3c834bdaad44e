import type { Command } from 'commander'
import type { HealthOptions } from '../health.ts'
import { DEFAULT_CONFIG_FILE } from '../installation.ts'
import { parseHttpUrl } from '../parse-argument.ts'
import { argument, configOption, example } from './option.ts'
import type { ProgramOptions } from './program-options.ts'

/** What looks at a configuration, and at what runs by it. */
export function addSettingsCommands(program: Command, options: ProgramOptions): void {
  addConfigCheck(program, options)
  addHealth(program, options)
}

function addConfigCheck(program: Command, { context, config, report }: ProgramOptions): void {
  program
    .command('config')
    .description('check a configuration')
    .command('check')
    .argument('[file]', 'the configuration', config ?? DEFAULT_CONFIG_FILE)
    .description(
      'Check a configuration and its dialect, and print what comes of it as YAML; secrets are masked.',
    )
    .addHelpText('after', example('keytrail config check /etc/keytrail.yaml'))
    .action(async (file: string) => {
      const { checkConfig } = await import('../config-check.ts')
      report(checkConfig(context, file))
    })
}

function addHealth(program: Command, { context, config, report }: ProgramOptions): void {
  program
    .command('health')
    .summary('ask a running keytrail whether it is ready')
    .description('Ask a running keytrail whether it is ready, for the health check of a container.')
    .addOption(configOption(config))
    .option(
      '--url <url>',
      'base URL of its history API (default: the bind of the configuration)',
      argument(parseHttpUrl, 'an http URL'),
    )
    .addHelpText('after', example('keytrail health --url http://127.0.0.1:8400'))
    .action(async (options: HealthOptions) => {
      const { health } = await import('../health.ts')
      report(await health(context, options))
    })
}
