import { type ErrorCode, KeytrailError } from '../errors.ts'

/** What the process ends with; documented in the help of every command. */
export const ExitCode = {
  ok: 0,
  /** The command worked, and its answer is no: damage, not ready, a request that is missing, an unknown key. */
  no: 1,
  /** A mistake in the command line, the configuration or the dialect. */
  usage: 2,
  /** The store can't be opened. */
  store: 3,
  /** An address can't be listened on. */
  address: 4,
  /** EX_SOFTWARE of BSD's sysexits.h: nobody expected this. */
  internal: 70,
} as const

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  KEY_UNKNOWN: ExitCode.no,
  KEY_DESTROYED: ExitCode.no,
  CONFIG_INVALID: ExitCode.usage,
  CONFIG_UNREADABLE: ExitCode.usage,
  DIALECT_INVALID: ExitCode.usage,
  DIALECT_UNREADABLE: ExitCode.usage,
  TLS_INVALID: ExitCode.usage,
  QUERY_INVALID: ExitCode.usage,
  STORE_LOCKED: ExitCode.store,
  STORE_FORMAT: ExitCode.store,
  STORE_DAMAGED: ExitCode.store,
  STORE_ROLLED_BACK: ExitCode.store,
  STORE_UNWRITABLE: ExitCode.store,
  STORE_MISSING: ExitCode.store,
  STORE_UNAVAILABLE: ExitCode.store,
  ADDRESS_IN_USE: ExitCode.address,
  ADDRESS_UNAVAILABLE: ExitCode.address,
}

/** The exit code of a command that failed with `error`. */
export function exitCodeOf(error: unknown): number {
  return error instanceof KeytrailError ? (BY_CODE[error.code] ?? ExitCode.internal) : ExitCode.internal
}

/** The section of the help that documents them. */
export const EXIT_CODE_HELP = `
Exit codes:
  0    done
  1    the answer is no: damage found, not ready, a request missing, no such key
  2    a mistake in the command line, the configuration or the dialect
  3    the store can't be opened: missing, in use, damaged, not writable, of another format
  4    an address can't be listened on
  70   an unexpected error (KEYTRAIL_DEBUG=1 shows where)
  130  stopped at once by a second Ctrl-C; 143 by a second SIGTERM
`
