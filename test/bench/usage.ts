import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Linux tells times in /proc in hundredths of a second, whatever the kernel's own tick (proc(5)). */
const MICROS_PER_TICK = 10_000
const QUIET_MS = 150
const LONGEST_WAIT_MS = 3000

/** User and system CPU time of a process with all its threads so far, in µs. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK
}

/** The most memory a process ever had resident, in bytes. */
export function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const at = status.indexOf('VmHWM:')
  return at < 0 ? 0 : Number.parseInt(status.slice(at + 6), 10) * 1024
}

/** Waits (not for ever) until the process has done what the load left it to do. */
export async function quiet(pid: number): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS
  let before = cpuMicros(pid)
  for (;;) {
    await wait(QUIET_MS)
    const now = cpuMicros(pid)
    if (now - before <= MICROS_PER_TICK || performance.now() > deadline) return
    before = now
  }
}
