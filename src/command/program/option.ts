import { type Command, InvalidArgumentError, Option } from 'commander'
import { EXIT_CODE_HELP } from '../exit-code.ts'
import { DEFAULT_CONFIG_FILE } from '../installation.ts'

/** `config` is the configuration where the option is not given; undefined for the package's. */
export function configOption(config: string | undefined): Option {
  return new Option('--config <file>', 'the configuration; KEYTRAIL_ variables override it').default(
    config ?? DEFAULT_CONFIG_FILE,
    config ?? 'KEYTRAIL_CONFIG, else config/keytrail.yaml of the package',
  )
}

/** How a command that works on the store itself finds it. */
export function storeOptions(command: Command, config: string | undefined): Command {
  return command
    .addOption(configOption(config))
    .option('--store <dir>', 'the data directory, else the configuration’s')
}

/** The same, of one that can tell what it finds as JSON. */
export function readingOptions(command: Command, config: string | undefined): Command {
  return storeOptions(command, config).option('--json', 'write JSON, as the history API does')
}

/** What stands below a command's help. */
export function example(line: string): string {
  return `\nExample:\n  ${line}\n${EXIT_CODE_HELP}`
}

/** Commander's reader of an argument: what `parse` makes of it, or a refusal that says what was expected. */
export function argument<Value>(
  parse: (text: string) => Value | null,
  expected: string,
): (text: string) => Value {
  return (text) => {
    const value = parse(text)
    if (value === null) throw new InvalidArgumentError(`Expected ${expected}.`)
    return value
  }
}
