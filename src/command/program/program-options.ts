import type { CommandContext } from '../command-context.ts'

/** What the descriptions of all commands share. */
export interface ProgramOptions {
  readonly context: CommandContext
  /** The configuration where the command line names none; undefined for the package's. */
  readonly config: string | undefined
  /** Told a command's exit code. */
  readonly report: (code: number) => void
}
