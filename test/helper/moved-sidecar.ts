import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import type { Sidecar } from '../../src/sidecar.ts'

const DIST = new URL('../../dist/', import.meta.url).href
const ROOT = new URL('../../', import.meta.url).pathname

/** A keytrail as built, in this process, whose clocks the test moves. */
export interface MovedSidecar {
  /** URLs; other ones after a restart. */
  readonly api: string
  readonly history: string
  readonly dataDir: string
  /** Lets time pass, in ms. */
  pass(ms: number): void
  /** Sets the system's clock that much ahead of the time, in ms. */
  set(ms: number): void
  stop(): Promise<void>
  /** Goes on with the same store. */
  start(settings?: Readonly<Record<string, unknown>>): Promise<void>
}

/** Starts it before `upstreamUrl`; `settings` are merged over the test's configuration, one level deep. */
export async function runMovedSidecar(
  t: Test,
  upstreamUrl: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<MovedSidecar> {
  const { startSidecar }: typeof import('../../src/sidecar.ts') = await import(`${DIST}sidecar.js`)
  const { loadConfig }: typeof import('../../src/config/load.ts') = await import(`${DIST}config/load.js`)
  const dataDir = join(t.testdir({}), 'data')
  const offset = new Float64Array(new SharedArrayBuffer(16))
  let running: Sidecar | null = null
  const start = async (changed: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    const file = `${dataDir}.yaml`
    const document = {
      listeners: [{ name: 'api', bind: '127.0.0.1:0', channel: 'api' }],
      upstream: { url: upstreamUrl },
      store: { path: dataDir, mapSize: '1GiB' },
      journal: { segmentSize: '1MiB', queue: '256KiB' },
      history: { bind: '127.0.0.1:0' },
      log: { level: 'silent' },
      ...settings,
      ...changed,
    }
    writeFileSync(file, stringify(document))
    running = await startSidecar(loadConfig({ file, env: {} }), {
      version: 'test',
      dialectsDir: join(ROOT, 'config/dialects'),
      clockOffsetMs: offset,
    })
  }
  const stop = async (): Promise<void> => {
    await running?.close()
    running = null
  }
  t.teardown(stop)
  await start()
  return {
    get api() {
      return running?.listeners['api'] ?? ''
    },
    get history() {
      return running?.historyUrl ?? ''
    },
    dataDir,
    pass: (ms) => {
      offset[1] = (offset[1] ?? 0) + ms
    },
    set: (ms) => {
      offset[0] = ms
    },
    stop,
    start,
  }
}
