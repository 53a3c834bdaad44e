import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { stringify } from 'yaml'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname

/** A journal small enough to be ready at once. */
const JOURNAL = { segmentSize: '1MiB', queue: '256KiB' }

/** A keytrail in a process of its own, as built. */
export interface RunningSidecar {
  /** URLs of the listeners. */
  readonly api: string
  readonly console: string
  readonly history: string
  readonly dataDir: string
  readonly process: ChildProcess
  /** All log lines so far. */
  readonly log: readonly string[]
  /** Stops it with `signal` (SIGTERM by default) and waits for its end; resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/**
 * Starts the built keytrail before `upstreamUrl` on free ports and kills it when the test ends. `settings` are
 * merged over the test's configuration, one level deep; `dataDir` lets it go on with an older store; `added` goes into
 * its environment.
 */
export async function runSidecar(
  t: Test,
  upstreamUrl: string,
  settings: Readonly<Record<string, unknown>> = {},
  dataDir = join(t.testdir({}), 'data'),
  added: Readonly<Record<string, string>> = {},
): Promise<RunningSidecar> {
  const document = {
    listeners: [
      { name: 'api', bind: '127.0.0.1:0', channel: 'api' },
      { name: 'console', bind: '127.0.0.1:0', channel: 'console' },
    ],
    upstream: { url: upstreamUrl },
    store: { path: dataDir, mapSize: '1GiB' },
    journal: JOURNAL,
    history: { bind: '127.0.0.1:0' },
    ...settings,
  }
  const file = `${dataDir}.yaml`
  writeFileSync(file, stringify(document))
  // Without the test runner's own hooks, which would slow down every thread, and without settings from outside.
  const own = ([name]: [string, string | undefined]) =>
    name !== 'NODE_OPTIONS' && !name.startsWith('KEYTRAIL_')
  const env = { ...Object.fromEntries(Object.entries(process.env).filter(own)), ...added }
  const child = spawn(process.execPath, [CLI, 'serve', '--config', file], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const log: string[] = []
  const lines = createInterface({ input: child.stdout })
  const urls = await new Promise<{ listeners: Record<string, string>; history: string }>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`keytrail ended with ${code}: ${log.join('\n')}`)))
    lines.on('line', (line) => {
      log.push(line)
      const fields = JSON.parse(line)
      if (fields.listeners !== undefined) done(fields)
    })
  })
  return {
    api: urls.listeners['api'] ?? '',
    console: urls.listeners['console'] ?? '',
    history: urls.history,
    dataDir,
    process: child,
    log,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = await once(child, 'exit')
      return code
    },
  }
}

/** A record in the history's JSON, as far as tests look at it. */
export interface SeenRecord {
  readonly seq: number
  readonly time: string
  readonly channel: string
  readonly address: string
  readonly addressSource: string
  readonly requester: { readonly id?: string; readonly kind: string; readonly credential?: string }
  readonly action: string
  readonly class: string
  readonly key?: string
  readonly outcome: string
  readonly status?: number
  readonly reason?: string
  readonly requestId?: string
  readonly errorCode?: string
  readonly durationMs: number
}

/** All records of a key, or (null) of the unattributed ring; newest first. */
export async function historyOf(historyUrl: string, key: string | null): Promise<SeenRecord[]> {
  const path = key === null ? '/v1/unattributed/history' : `/v1/keys/${encodeURIComponent(key)}/history`
  const records: SeenRecord[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const response = await fetch(`${historyUrl}${path}?limit=1000${query}`)
    if (response.status === 404) return []
    const page = (await response.json()) as { records: SeenRecord[]; nextCursor: string | null }
    records.push(...page.records)
    cursor = page.nextCursor
  }
  return records
}
