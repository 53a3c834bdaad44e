import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../server-process.ts'
import { DURABILITIES, type Durability, startKeytrail } from './keytrail.ts'

/** One way from the load to the upstream. */
export interface Hop {
  readonly name: string
  /** Ids of the keys that its load goes to. */
  readonly keys: readonly string[]
  readonly url: string
  /** 0 where there is no process in between. */
  readonly pid: number
  /** URL of its history API; '' for one that keeps none. */
  readonly history: string
  /** Every answered exchange must be in the history. */
  readonly answersRecorded: boolean
  stop(): Promise<void>
}

/** The hop that the others are compared with. */
export const BASELINE = 'http-proxy'

/** What can be measured, in the order of the table; `strict@DIR` is the keytrail built in another directory. */
export const HOP_NAMES: readonly string[] = ['direct', BASELINE, 'undici', ...DURABILITIES]

export interface HopOptions {
  readonly name: string
  readonly keys: readonly string[]
  readonly upstreamUrl: string
  readonly connections: number
  /** Root of the built package that the modes without a directory of their own run. */
  readonly package: string
  /** Where hops keep their files. */
  readonly workDirectory: string
}

/** Starts the hop of that name; throws for a name that is none. */
export async function startHop(options: HopOptions): Promise<Hop> {
  const { name, keys, upstreamUrl, connections } = options
  const plain = { name, keys, history: '', answersRecorded: false }
  if (name === 'direct') return { ...plain, url: upstreamUrl, pid: 0, stop: async () => undefined }
  if (name === BASELINE || name === 'undici') {
    const { url, pid, stop } = await startServer(`./hop/${name}.js`, [upstreamUrl, String(connections)])
    return { ...plain, url, pid, stop }
  }
  const [mode = '', directory = options.package] = name.split('@')
  const durability = DURABILITIES.find((one) => one === mode)
  if (durability === undefined) throw new Error(`expected one of ${HOP_NAMES.join(', ')}, found ${name}`)
  return {
    ...plain,
    answersRecorded: durability !== 'async',
    ...(await keytrail(options, durability, directory)),
  }
}

function keytrail(
  { name, upstreamUrl, connections, workDirectory }: HopOptions,
  durability: Durability,
  directory: string,
) {
  const own = join(workDirectory, name.replaceAll('/', '_'))
  mkdirSync(own, { recursive: true })
  return startKeytrail({ package: directory, durability, upstreamUrl, connections, directory: own })
}
