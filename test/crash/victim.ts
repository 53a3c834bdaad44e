import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname

export interface VictimOptions {
  readonly directory: string
  readonly upstream: string
  readonly durability: string
  readonly requesters: Readonly<Record<string, string>>
  /** Settings in place of the campaign's own, section by section. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Added to its environment. */
  readonly env: Readonly<Record<string, string>>
}

/** A keytrail, as built, that is started, killed and started again on the same addresses and the same store. */
export interface Victim {
  readonly urls: { readonly api: string; readonly console: string; readonly history: string }
  readonly dataDir: string
  start(): VictimRun
}

/** One start of it. */
export interface VictimRun {
  readonly pid: number
  /** Resolves once it listens; rejects where it ends before, with what it said. */
  readonly running: Promise<void>
  readonly ended: Promise<void>
  /** Rejects where it ends and nobody had ended it. */
  readonly unprovoked: Promise<never>
  kill(signal: NodeJS.Signals): void
}

/** Prepares one; `running` is for who awaits it. */
export async function prepareVictim(options: VictimOptions): Promise<Victim> {
  const [api, console, history] = await freePorts(3)
  const dataDir = join(options.directory, 'data')
  const file = join(options.directory, 'keytrail.yaml')
  const bind = (port = 0): string => `127.0.0.1:${port}`
  const document = {
    listeners: [
      { name: 'api', bind: bind(api), channel: 'api' },
      { name: 'console', bind: bind(console), channel: 'console' },
    ],
    upstream: { url: options.upstream },
    durability: options.durability,
    // By its address every request can be told from all others.
    trustedProxies: ['127.0.0.1/32'],
    requesters: options.requesters,
    acl: [{ keys: 'forbidden', deny: ['0.0.0.0/0'] }],
    store: { path: dataDir, mapSize: '1GiB' },
    journal: { segmentSize: '1MiB', queue: '256KiB' },
    retention: { records: 10_000_000 },
    history: { bind: bind(history) },
    log: { level: 'info' },
    shutdown: { grace: '200ms' },
    ...options.settings,
  }
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify(document))
  return {
    urls: {
      api: `http://${bind(api)}`,
      console: `http://${bind(console)}`,
      history: `http://${bind(history)}`,
    },
    dataDir,
    start: () => startVictim(file, options.env),
  }
}

function startVictim(file: string, env: VictimOptions['env']): VictimRun {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [CLI, 'serve', '--config', file], {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  let provoked = false
  const ended = once(child, 'exit').then(() => undefined)
  const running = untilRunning(child, said)
  const unprovoked = new Promise<never>((_, fail) => {
    child.once('close', (code, signal) => {
      if (!provoked) fail(new Error(`keytrail ended by itself with ${code ?? signal}: ${said.join('\n')}`))
    })
  })
  // Whoever kills it does not wait for these.
  for (const promise of [running, unprovoked]) promise.catch(() => undefined)
  const kill = (signal: NodeJS.Signals): void => {
    provoked = true
    child.kill(signal)
  }
  return { pid: child.pid ?? 0, running, ended, unprovoked, kill }
}

function untilRunning(child: ChildProcess, said: string[]): Promise<void> {
  return new Promise((done, fail) => {
    const hear = (line: string): void => {
      said.push(line)
      if (line.includes('"listeners"')) done()
    }
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', hear)
    // Its last words come before this.
    child.once('close', () => fail(new Error(`keytrail did not start: ${said.join('\n')}`)))
  })
}

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => Object(server.address()).port as number)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
