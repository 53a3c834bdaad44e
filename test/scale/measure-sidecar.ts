import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { prepareVictim, type Victim } from '../crash/victim.ts'
import { encryptRequest, load } from '../helper/raw-load.ts'
import { keyOf } from './build-store.ts'
import { startUpstream } from './upstream.ts'

/** Resident memory in MB: the process's own, and pages of files, nearly all of which are the store's. */
export interface Memory {
  readonly own: number
  readonly file: number
}

export interface SidecarFigures {
  readonly startMs: number
  readonly started: Memory
  /** After requests for thousands of keys and reads of hundreds. */
  readonly used: Memory
  /** After a page of the keys in the order of their last use, which needs an index of all keys. */
  readonly sorted: Memory
  readonly sortedMs: number
}

const REQUESTS = 5000
const READS = 300
const PAUSE_MS = 1000

/** Starts keytrail, as built, on a store of `rings` rings. */
export async function measureSidecar(dataDir: string, rings: number): Promise<SidecarFigures> {
  const upstream = await startUpstream()
  const victim = await prepareVictim({
    directory: dirname(dataDir),
    upstream: upstream.url,
    durability: 'strict',
    requesters: {},
    env: {},
    settings: { store: { path: dataDir }, journal: {}, retention: {}, acl: [] },
  })
  // The first start of all makes the journal: its price is that of the disk, whatever the rings.
  const first = victim.start()
  await first.running
  first.kill('SIGTERM')
  await first.ended
  const began = performance.now()
  const run = victim.start()
  try {
    await run.running
    const startMs = performance.now() - began
    return { startMs, ...(await exercise(victim.urls, run.pid, rings)) }
  } finally {
    run.kill('SIGTERM')
    await run.ended
    await upstream.close()
  }
}

/** Requests for and reads of keys by chance, and what memory it is after each. */
async function exercise(
  { api, history }: Victim['urls'],
  pid: number,
  rings: number,
): Promise<Omit<SidecarFigures, 'startMs'>> {
  const started = memoryOf(pid)
  const randomKey = (): string => keyOf(Math.floor(Math.random() * rings))
  let sent = 0
  await load({
    url: api,
    connections: 64,
    next: () => (sent++ < REQUESTS ? { id: `${sent}`, bytes: encryptRequest(randomKey(), `${sent}`) } : null),
    answered: () => undefined,
  })
  for (let i = 0; i < READS; i++)
    await read(`${history}/v1/keys/${randomKey()}/${i % 2 === 0 ? 'history?limit=100' : 'last-use'}`)
  await delay(PAUSE_MS)
  const used = memoryOf(pid)
  const sorting = performance.now()
  await read(`${history}/v1/keys?order=last-use&limit=100`)
  const sortedMs = performance.now() - sorting
  await delay(PAUSE_MS)
  return { started, used, sorted: memoryOf(pid), sortedMs }
}

async function read(url: string): Promise<void> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
}

function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { own: megabytes('RssAnon'), file: megabytes('RssFile') + megabytes('RssShmem') }
}
