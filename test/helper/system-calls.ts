import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { until } from './until.ts'

/** What strace writes where another thread's call comes in between. */
const UNFINISHED = ' <unfinished ...>'

/** One system call. `began` and `ended` are places in the order of everything that was traced. */
export interface SystemCall {
  readonly text: string
  readonly began: number
  readonly ended: number
}

/** Whether there is a strace that may attach to `pid`, a process of ours. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-V']).status === 0
}

/** The calls of the given names that a running process makes while `work` runs; files and sockets by name. */
export async function traceCalls(
  pid: number,
  names: string,
  file: string,
  work: () => Promise<void>,
): Promise<SystemCall[]> {
  const options = ['-f', '-qq', '-yy', '-s', '4000', '-e', `trace=${names}`, '-o', file]
  const tracer = spawn('strace', [...options, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    await until(() => (isTraced(pid, tracer) ? true : null))
    await work()
  } finally {
    tracer.kill('SIGINT')
    await once(tracer, 'exit')
  }
  return parseCalls(readFileSync(file, 'latin1'))
}

/** Whether every thread is being traced. */
function isTraced(pid: number, tracer: ChildProcess): boolean {
  if (tracer.exitCode !== null) throw new Error(`strace ended with ${tracer.exitCode}: may it trace?`)
  return /TracerPid:\s+[1-9]/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** Reads strace's output: PID, call, ` = `, result; calls that another thread's interrupted are put together. */
export function parseCalls(output: string): SystemCall[] {
  const unfinished = new Map<string, { text: string; began: number }>()
  return output.split('\n').flatMap((line, place) => {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (call.endsWith(UNFINISHED)) {
      unfinished.set(thread, { text: call.slice(0, -UNFINISHED.length), began: place })
      return []
    }
    const start = call.startsWith('<... ') ? unfinished.get(thread) : undefined
    const text = start === undefined ? call : `${start.text}${call.slice(call.indexOf('resumed>') + 8)}`
    return call === '' ? [] : [{ text, began: start?.began ?? place, ended: place }]
  })
}
