import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Linux tells times in /proc in hundredths of a second, whatever the kernel's own tick (proc(5)). */
const MICROS_PER_TICK = 10_000
const QUIET_MS = 150
const LONGEST_WAIT_MS = 3000

/** User and system CPU time of a process with all its threads so far, in µs. */
export function cpuMicros(pid: number): number {
  return statTimes(pid, 14)
}

/** The same of the processes that it started and that have ended. */
export function childrenMicros(pid: number): number {
  return statTimes(pid, 16)
}

/** User and system CPU time of the whole machine so far, in µs; what a hypervisor took away counts as used. */
export function machineMicros(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [, user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).map(Number)
  return (
    [user, nice, system, irq, softirq, steal].reduce((sum: number, ticks = 0) => sum + ticks, 0) *
    MICROS_PER_TICK
  )
}

/** The sum of the `field`th of /proc/PID/stat, counted from 1, and the next one, in µs. */
function statTimes(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field, the name in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[field - 3]) + Number(fields[field - 2])) * MICROS_PER_TICK
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
