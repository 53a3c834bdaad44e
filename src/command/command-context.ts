import type { Environment } from '../config/environment.ts'

/** What a command has of the process it runs in. */
export interface CommandContext {
  /** Writes to standard output. */
  readonly out: (text: string) => void
  /** Writes to standard error. */
  readonly err: (text: string) => void
  /** The environment, without the variables that are the command line's own (KEYTRAIL_CONFIG, KEYTRAIL_DEBUG). */
  readonly env: Environment
  /** Columns that the terminal on standard output has now; null where it is none. */
  readonly columns: number | null
  /** Unix ms. */
  readonly clock: () => number
}
