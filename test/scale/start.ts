import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareVictim, type Victim } from '../crash/victim.ts'
import { buildStore, fullKeyOf } from './build-store.ts'
import { copyRing } from './copy-ring.ts'

const HELP = `usage: npm run test:start -- [--gb N] [--starts N] [--dir D]

  Builds a store of N GB (10) of full rings, of which every eighth is then destroyed, and measures how long keytrail
  takes from its process's start until it listens, compared with an empty store: the median of several starts (5).
  Needs N GB in D (the system's temporary directory).`

/** What a start may take longer than that on an empty store. */
const LIMIT_MS = 1000
const DESTROYED = 8
/** Rings put into the store at a time. */
const COPIES = 16

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '10' },
    starts: { type: 'string', default: '5' },
    dir: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})

/** Fills the store; returns what is told of it. */
async function fill(dataDir: string, bytes: number): Promise<string> {
  const began = performance.now()
  const { store } = buildStore(dataDir, 0, 1)
  const size = (): number => statSync(join(dataDir, 'store.mdb')).size
  const keys: string[] = []
  while (size() < bytes) keys.push(...copyRing(store, fullKeyOf(0), COPIES))
  const doomed = keys.filter((_, i) => i % DESTROYED === 0)
  for (const key of doomed) store.append({ key }, { destruction: 'now' })
  await store.environment.close()
  const seconds = Math.round((performance.now() - began) / 1000)
  return `${(size() / 1e9).toFixed(1)} GB, ${keys.length} full rings, ${doomed.length} of them destroyed; built in ${seconds} s`
}

/** How a store was left by the last run: `cold` is closed, and its pages have to be read from disk. */
type Left = 'closed' | 'killed' | 'cold'

/** A store that keytrail is started on. */
interface Subject {
  readonly name: string
  readonly victim: Victim
  /** ms, by how the store was left. */
  readonly times: Readonly<Record<Left, number[]>>
}

async function prepare(directory: string, name: string): Promise<Subject> {
  const victim = await prepareVictim({
    directory,
    upstream: 'http://127.0.0.1:9',
    durability: 'strict',
    requesters: {},
    env: {},
    settings: { store: { path: join(directory, 'data') }, journal: {}, retention: {}, acl: [] },
  })
  // The first start of all makes the journal: its price is that of the disk, whatever the rings.
  await startMs(victim, 'SIGTERM')
  return { name, victim, times: { closed: [], killed: [], cold: [] } }
}

/** One start of each kind. */
async function measure({ victim, times }: Subject): Promise<void> {
  times.closed.push(await startMs(victim, 'SIGTERM'))
  forgetPages(join(victim.dataDir, 'store.mdb'))
  times.cold.push(await startMs(victim, 'SIGKILL'))
  times.killed.push(await startMs(victim, 'SIGTERM'))
}

async function startMs(victim: Victim, end: NodeJS.Signals): Promise<number> {
  const began = performance.now()
  const run = victim.start()
  await run.running
  const taken = performance.now() - began
  run.kill(end)
  await run.ended
  return taken
}

/** Has the system drop what it holds of the file in memory. */
function forgetPages(file: string): void {
  const { status } = spawnSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'])
  if (status !== 0) throw new Error('expected dd to drop the file’s pages from memory')
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

async function compare(directory: string): Promise<number> {
  for (const name of ['empty', 'full']) mkdirSync(join(directory, name, 'data'), { recursive: true })
  console.log(await fill(join(directory, 'full', 'data'), Number(values.gb) * 1e9))
  const empty = await prepare(join(directory, 'empty'), 'empty')
  const full = await prepare(join(directory, 'full'), `${values.gb} GB`)
  // In turns: what else the machine does concerns both.
  for (let i = 0; i < Number(values.starts); i++) for (const subject of [empty, full]) await measure(subject)
  const kinds: readonly Left[] = ['closed', 'killed', 'cold']
  console.log('| store | closed | killed | not in memory |\n|---|---|---|---|')
  for (const { name, times } of [empty, full])
    console.log(`| ${name} | ${kinds.map((kind) => `${Math.round(median(times[kind]))} ms`).join(' | ')} |`)
  const within = kinds.every((kind) => median(full.times[kind]) - median(empty.times[kind]) < LIMIT_MS)
  if (!within) console.log(`expected less than ${LIMIT_MS} ms between the two`)
  return within ? 0 : 1
}

async function start(): Promise<number> {
  const directory = mkdtempSync(join(values.dir, 'keytrail-start-'))
  try {
    return await compare(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (values.help) console.log(HELP)
else process.exitCode = await start()
