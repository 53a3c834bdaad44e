import type { Limit } from '../limit-hits.ts'
import type { Logger } from '../log.ts'
import type { Reader } from '../store/reader.ts'
import type { HistoryAuth } from './auth.ts'
import type { Cursors } from './cursor.ts'
import type { FailureCounts } from './failure-counts.ts'
import type { HostNames, Lookup } from './host-names.ts'
import type { KeyIndex } from './key-index.ts'
import type { LiveStreams } from './live-streams.ts'
import type { HistoryTls } from './secure-server.ts'

/** Limits on what clients of the history may ask of it. */
export interface HistoryLimits {
  /** Requests a minute from one address (IPv6: one /64), whether authenticated or not. */
  readonly requestsPerMinute: number
  /** Request line and header together. */
  readonly headerBytes: number
  readonly connections: number
  /** A request must have arrived whole within this many ms. */
  readonly requestTimeoutMs: number
  /** Keys or tombstones looked at for one page of a listing; the cursor goes on from there. */
  readonly scannedEntries: number
  /** Live streams at a time. */
  readonly liveStreams: number
}

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = Object.freeze({
  requestsPerMinute: 600,
  headerBytes: 16_384,
  connections: 256,
  requestTimeoutMs: 10_000,
  scannedEntries: 20_000,
  liveStreams: 64,
})

/** Where the history reports what its operator should know. */
export type HistoryLogger = Pick<Logger, 'info' | 'error'>

export interface Readiness {
  readonly ready: boolean
  /** Why not, one sentence each. */
  readonly reasons: readonly string[]
}

export interface HistoryOptions {
  /** Stays open when the server closes: its owner closes it. */
  readonly reader: Reader
  /**
   * Applies what is pending in the journal, within a bound. Called before each query, so that a record is
   * visible from the moment its answer was released.
   */
  readonly settle: () => Promise<void>
  readonly readiness: () => Promise<Readiness>
  /** Prometheus text exposition. */
  readonly metrics: () => Promise<string>
  readonly auth: HistoryAuth
  /** Secret for cursors, at least 16 bytes; cursors outlive a restart if it does. */
  readonly cursorKey: Uint8Array
  /** null (the default) for plain HTTP. */
  readonly tls?: HistoryTls | null
  /** A limit was hit. */
  readonly onLimit?: (limit: Limit) => void
  /** Unix ms. */
  readonly clock: () => number
  readonly version: string
  /** Id of this sidecar's store. */
  readonly instance: string
  readonly limits?: Partial<HistoryLimits>
  readonly logger?: HistoryLogger
  /** One log line for each request (PCI DSS 10.2.1.3: access to audit logs). Default false. */
  readonly logRequests?: boolean
  /** Moves whenever records have come into the rings; where it is missing, live streams look for themselves. */
  readonly applied?: () => number
  /** Names by canonical address. */
  readonly hostNames?: Readonly<Record<string, string>>
  /** Finds names that {@link HistoryOptions.hostNames} does not have. */
  readonly lookup?: Lookup | null
  /** Where the built console lies; without one there is no page. */
  readonly consoleDir?: string | null
}

/** What the routes work with. */
export interface HistoryContext extends HistoryOptions {
  readonly limits: HistoryLimits
  readonly cursors: Cursors
  readonly hosts: HostNames
  readonly keyIndex: KeyIndex
  readonly failures: FailureCounts
  readonly live: LiveStreams
}
