import { startSockets } from './built-in.ts'
import type { LoadTarget } from './load-target.ts'
import { startWrk } from './wrk.ts'

/** What one measurement of a load saw. Latencies in µs. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** Answers other than 200, and broken connections. */
  readonly errors: number
}

/** What sends the requests, in a process of its own. */
export interface Load {
  /** With its version. */
  readonly name: string
  /** Of the process that lives as long as the load does; 0 where each measurement starts its own. */
  readonly pid: number
  run(target: LoadTarget): Promise<LoadResult>
  stop(): Promise<void>
}

/** wrk where it is installed, else the built-in one. */
export async function startLoad(directory: string): Promise<Load> {
  return startWrk(directory) ?? (await startSockets())
}
