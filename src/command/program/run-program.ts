import { CommanderError } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { errorText } from '../error-text.ts'
import { ExitCode, exitCodeOf } from '../exit-code.ts'
import { describeProgram } from './program.ts'

export interface RunOptions {
  readonly context: CommandContext
  /** The configuration where the command line names none; undefined for the package's. */
  readonly config: string | undefined
  /** Whether errors are told with their stacks. */
  readonly debug: boolean
}

/** Runs the command that `argv` (Node's own two first) names; resolves with the exit code, whatever happens. */
export async function runProgram(
  argv: readonly string[],
  { context, config, debug }: RunOptions,
): Promise<number> {
  let code: number = ExitCode.ok
  const report = (reported: number): void => {
    code = reported
  }
  try {
    await describeProgram({ context, config, report }).parseAsync(argv)
    return code
  } catch (error) {
    // Commander has told it already; a request for help or the version is none.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
    context.err(errorText(error, debug))
    return exitCodeOf(error)
  }
}
