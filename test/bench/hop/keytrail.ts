import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { stringify } from 'yaml'
import { endProcess } from '../server-process.ts'
import type { Hop } from './hop.ts'

/** The durability modes (DESIGN 3). */
export const DURABILITIES = ['async', 'committed', 'strict'] as const
export type Durability = (typeof DURABILITIES)[number]

export interface KeytrailOptions {
  /** Root of the built package. */
  readonly package: string
  readonly durability: Durability
  readonly upstreamUrl: string
  readonly connections: number
  /** A new directory of this hop's own. */
  readonly directory: string
}

/** Starts the built keytrail as an operator would, with the defaults but for its addresses. */
export async function startKeytrail(
  options: KeytrailOptions,
): Promise<Pick<Hop, 'url' | 'pid' | 'history' | 'stop'>> {
  const config = join(options.directory, 'keytrail.yaml')
  writeFileSync(config, stringify(configOf(options)))
  const cli = join(options.package, 'dist', 'cli.js')
  const child = spawn(process.execPath, [cli, 'serve', '--config', config], {
    cwd: options.directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`keytrail (${options.durability}) ended with ${code}`)
  })
  ended.catch(() => undefined)
  const { listeners, history } = await Promise.race([startLine(lines), ended])
  return { url: listeners['bench'] ?? '', pid: child.pid ?? 0, history, stop: () => endProcess(child) }
}

function configOf({ durability, upstreamUrl, connections, directory }: KeytrailOptions) {
  return {
    listeners: [{ name: 'bench', bind: '127.0.0.1:0', channel: 'api' }],
    upstream: { url: upstreamUrl, connections },
    durability,
    store: { path: join(directory, 'data') },
    history: { bind: '127.0.0.1:0' },
  }
}

interface StartLine {
  readonly listeners: Readonly<Record<string, string>>
  readonly history: string
}

/** The log line that tells where it listens. What it warns of is shown: it may explain a figure. */
function startLine(lines: Interface): Promise<StartLine> {
  return new Promise((done) => {
    lines.on('line', (line) => {
      const fields = JSON.parse(line) as StartLine & { level: string }
      if (fields.listeners !== undefined) done(fields)
      else if (fields.level !== 'info') console.error(line)
    })
  })
}
