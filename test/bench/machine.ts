import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { summarize } from './statistics.ts'

const PACKAGES = ['undici', 'lmdb', 'http-proxy-bare']
const SYNCS = 200

/** What the figures were taken on and with; `directory` is where keytrail keeps its data. */
export function describeMachine(root: string, directory: string, load: string): string {
  const cores = cpus()
  const gib = (totalmem() / 2 ** 30).toFixed(0)
  const versions = PACKAGES.map((name) => `${name} ${versionOf(root, name)}`).join(', ')
  return [
    `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}, ${gib} GiB, ${type()} ${release()}`,
    `Node ${process.versions.node}, keytrail ${versionOf(root, '')}, ${versions}; load: ${load}`,
    `4 KiB written and synced in ${syncMicros(directory).toFixed(0)} µs (median); load average before: ${loadavg()[0]?.toFixed(1)}`,
  ].join('\n')
}

function versionOf(root: string, name: string): string {
  const file = join(root, name === '' ? '' : join('node_modules', name), 'package.json')
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}

/** How long the disk takes to make a page durable that needs no metadata: what `strict` waits for. */
function syncMicros(directory: string): number {
  const page = Buffer.alloc(4096, 1)
  const fd = openSync(join(directory, 'sync'), 'w')
  const times: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    const started = performance.now()
    writeSync(fd, page, 0, page.length, 0)
    fdatasyncSync(fd)
    times.push((performance.now() - started) * 1000)
  }
  closeSync(fd)
  return summarize(times).median
}
