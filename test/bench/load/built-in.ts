import { startServer } from '../server-process.ts'
import type { Load, LoadResult } from './load.ts'

/** The load generator that needs nothing installed; costs more of the machine than wrk. */
export async function startSockets(): Promise<Load> {
  const { pid, ask, stop } = await startServer('./load/sockets.js', [])
  return {
    name: 'built-in (wrk is not installed)',
    pid,
    run: async (target) => (await ask(target)) as LoadResult,
    stop,
  }
}
