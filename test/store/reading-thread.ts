import { parentPort, workerData } from 'node:worker_threads'
import { openEnvironment } from '../../src/store/environment.ts'
import { createReader } from '../../src/store/query.ts'
import type { Retention } from '../../src/store/ring.ts'
import { historyQuery, keyRing } from './open-store.ts'

/** What a thread that reads beside the writer is to do. */
export interface ReadingTask {
  readonly path: string
  readonly key: string
  readonly retention: Retention
  readonly now: number
}

export interface ReadingResult {
  /** What was wrong with an answer; empty once ten different states of the ring were seen whole. */
  readonly failures: readonly string[]
}

const { path, key, retention, now }: ReadingTask = workerData

/** The writer appends 1 record, then 10 a commit: `commit-0` to `commit-9`. */
function problemOf(page: ReturnType<ReturnType<typeof createReader>['history']>): string | null {
  if (page === null) return 'no ring'
  const { records, total, coverage } = page
  const { seq } = coverage.head
  if (seq % 10 !== 1) return `part of a commit: head ${seq}`
  if (total !== Math.min(seq, retention.records)) return `total ${total} with head ${seq}`
  if (coverage.evictedByCount !== seq - total)
    return `${coverage.evictedByCount} evicted, ${total} left of ${seq}`
  const torn = records.find((record, i) => record.seq !== seq - i)
  if (torn !== undefined || records.length !== total) return `record ${torn?.seq} out of its place`
  const wrong = records.find(({ seq, action }) => seq > 1 && action !== `commit-${(seq - 2) % 10}`)
  return wrong === undefined ? null : `record ${wrong.seq} is ${wrong.action}`
}

const environment = openEnvironment({ path, access: 'read', mapSize: 2 ** 28 })
const reader = createReader({ environment, retention, clock: () => now })
const failures: string[] = []
const heads = new Set<string>()
while (heads.size < 10 && failures.length < 5) {
  const page = reader.history(keyRing(key), historyQuery())
  const problem = problemOf(page)
  if (problem !== null) failures.push(problem)
  heads.add(page?.coverage.head.hash ?? '')
  await new Promise(setImmediate)
}
await environment.close()
parentPort?.postMessage({ failures } satisfies ReadingResult)
