import { createReader } from '../../src/store/query.ts'
import { historyQuery, keyRing } from '../store/open-store.ts'
import { append, type BuiltStore, fullKeyOf, keyOf, RETENTION } from './build-store.ts'

/** CPU times of one store, whatever else the machine does; each is the median of many, in µs unless said. */
export interface StoreTimes {
  /** A record, in transactions of {@link BATCH} over random rings. */
  readonly append: number
  readonly newestPage: number
  readonly fullPage: number
  readonly keyPage: number
  /** The timers that one sweep looks for and does not find. */
  readonly idleSweep: number
  /** A ring whose records are all too old, of a sweep of {@link SWEPT}. */
  readonly sweepRing: number
  /** A full ring, in ms. */
  readonly destroyMs: number
}

const BATCH = 500
const BATCHES = 30
const READS = 1000
const SWEPT = 200
const SWEEPS = 4
const DESTROYED = 5

/** What is destructive comes last. Leaves the store swept here and there. */
export function measureStore(built: BuiltStore): StoreTimes {
  const { store, rings } = built
  const randomKey = (): string => keyOf(Math.floor(Math.random() * rings))
  const appendTime = median(BATCHES, () =>
    store.commit(() => {
      for (let i = 0; i < BATCH; i++) append(store, randomKey(), i)
    }),
  )
  const reads = measureReads(built, randomKey)
  const idleSweep = median(READS, () => store.writer.hasTimers(store.now))
  const destroyUs = destroy(built)
  store.now += RETENTION.ageMs + 86_400_000
  const sweep = median(SWEEPS, () => store.sweep(SWEPT))
  return {
    append: appendTime / BATCH,
    ...reads,
    idleSweep,
    sweepRing: sweep / SWEPT,
    destroyMs: destroyUs / 1000,
  }
}

function measureReads({ store, full }: BuiltStore, randomKey: () => string) {
  const { environment } = store
  const reader = createReader({ environment, retention: RETENTION, clock: () => store.now })
  const page = historyQuery({ limit: 50 })
  return {
    newestPage: median(READS, () => reader.history(keyRing(randomKey()), page)),
    fullPage: median(READS, () => reader.history(keyRing(fullKeyOf(Math.floor(Math.random() * full))), page)),
    keyPage: median(READS / 10, () => reader.keys(randomKey(), 100)),
  }
}

function destroy({ store }: BuiltStore): number {
  let ring = 0
  return median(DESTROYED, () => {
    const key = fullKeyOf(ring++)
    store.append({ key, action: 'delete-key', class: 'manage' }, { destruction: 'now' })
  })
}

/** CPU time, user and system, in µs. */
function median(times: number, work: () => unknown): number {
  const taken = Array.from({ length: times }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? 0
}
