import type { Test } from 'tap'
import { type Environment, openEnvironment } from '../../src/store/environment.ts'
import { createReader } from '../../src/store/query.ts'
import type { HistoryQuery, Reader, RingName } from '../../src/store/reader.ts'
import type { Retention } from '../../src/store/ring.ts'
import type { Submission } from '../../src/store/submission.ts'
import { StoreWriter } from '../../src/store/writer.ts'
import { auditRecord, type RecordFields, recordBytes } from './audit-record.ts'

const MAP_SIZE = 2 ** 28

/** 50 records, one second, tombstones for a minute. */
export const RETENTION: Retention = { records: 50, ageMs: 1000, tombstoneMs: 60_000 }

/** Where the tests' clocks start: far from 0, so that nothing hides behind a bound. */
export const START = 1_700_000_000_000

/** How a record is submitted, its bytes aside. */
export type Effect = Partial<Omit<Submission, 'record' | 'key'>>

/** A store in a temporary directory, with a clock that the test moves. */
export class TestStore {
  readonly path: string
  readonly environment: Environment
  readonly retention: Retention
  writer: StoreWriter
  now = START
  /** How often a key got no ring because there were too many. */
  full = 0
  #position = 0

  constructor(path: string, retention: Retention, maxRings: number, mapSize = MAP_SIZE) {
    this.path = path
    this.retention = retention
    this.environment = openEnvironment({ path, access: 'write', mapSize })
    const onFull = (): void => void this.full++
    this.writer = new StoreWriter({ environment: this.environment, path, retention, maxRings, onFull })
  }

  /** Runs `work` in one commit at the store's time. */
  commit(work: () => void): void {
    this.#position += 1
    this.writer.commit(this.#position, this.now, work)
  }

  /** Submits a record of the store's time, within a commit. */
  submit(fields: RecordFields = {}, effect: Effect = {}): void {
    const record = auditRecord({ time: this.now, durationMs: 0, ...fields })
    this.writer.submit({
      key: record.key,
      keyProven: true,
      destruction: 'none',
      destroyAt: 0,
      otherKey: '',
      ...effect,
      record: recordBytes(record),
    })
  }

  /** Appends one record in a commit of its own. */
  append(fields: RecordFields = {}, effect: Effect = {}): void {
    this.commit(() => this.submit(fields, effect))
  }

  sweep(limit = 1000): number {
    let found = 0
    this.commit(() => {
      found = this.writer.sweep(this.now, limit)
    })
    return found
  }

  /** A reader on the writer's environment, on the store's clock. */
  reader(options: { readonly retention?: Retention; readonly budget?: number } = {}): Reader {
    return createReader({
      environment: this.environment,
      retention: this.retention,
      clock: () => this.now,
      ...options,
    })
  }
}

/** Opens a store that is closed when the test ends. */
export function openStore(
  t: Test,
  {
    retention = RETENTION,
    maxRings = 1000,
  }: { readonly retention?: Retention; readonly maxRings?: number } = {},
): TestStore {
  const store = new TestStore(t.testdir(), retention, maxRings)
  t.teardown(() => store.environment.close())
  return store
}

export function keyRing(key: string): RingName {
  return { kind: 'key', key }
}

export const UNATTRIBUTED: RingName = { kind: 'unattributed' }

/** A query for everything, with `fields` in place of its own. */
export function historyQuery(fields: Partial<HistoryQuery> = {}): HistoryQuery {
  return {
    from: null,
    to: null,
    q: '',
    action: '',
    requester: '',
    address: '',
    channel: '',
    outcome: '',
    limit: 1000,
    offset: 0,
    before: null,
    ...fields,
  }
}
