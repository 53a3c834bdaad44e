import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { KeytrailError } from '../../src/errors.ts'
import type { AuditRecord } from '../../src/record.ts'
import type { KeyEffect } from '../../src/recorder/entry.ts'
import { Control, SlotState } from '../../src/recorder/queue.ts'
import type { Recorder, RecorderOptions } from '../../src/recorder/recorder.ts'
import { openEnvironment } from '../../src/store/environment.ts'
import { createReader } from '../../src/store/query.ts'
import type { Coverage, Reader, RingName, StoredRecord } from '../../src/store/reader.ts'
import { verifyStore } from '../../src/store/verify.ts'
import { until } from '../helper/until.ts'
import { auditRecord, type RecordFields } from '../store/audit-record.ts'
import { historyQuery } from '../store/open-store.ts'

/** As built (`npm test` builds first): its threads start ten times as fast as from TypeScript. */
const BUILT = new URL('../../dist/recorder/recorder.js', import.meta.url).href
const built: typeof import('../../src/recorder/recorder.ts') = await import(BUILT)

const MAP_SIZE = 2 ** 28
export const RETENTION = { records: 1_000_000, ageMs: 86_400_000, tombstoneMs: 86_400_000 }
export const PROVEN: KeyEffect = { keyProven: true, destruction: 'none', destroyAt: 0, otherKey: '' }

/** A small recorder on `path`: segments of 1 MiB and a queue of 64 KiB, so that all of it is used again and again. */
export function recorderOptions(path: string, options: Partial<RecorderOptions> = {}): RecorderOptions {
  return {
    path,
    durability: 'strict',
    segmentBytes: 2 ** 20,
    maxSegments: 8,
    mapSize: MAP_SIZE,
    retention: RETENTION,
    maxRings: 1000,
    clockOffsetMs: 0,
    queueBytes: 2 ** 16,
    deadlineMs: 10_000,
    onHealth: () => undefined,
    ...options,
  }
}

/** Opens a recorder that is closed when the test ends, if not before. */
export async function openRecorder(
  t: Test,
  path: string,
  options: Partial<RecorderOptions> = {},
): Promise<Recorder> {
  const recorder = await built.Recorder.open(recorderOptions(path, options))
  t.teardown(() => recorder.close())
  return recorder
}

/** A record that `id` tells from all others. */
export function numbered(id: number | string, fields: RecordFields = {}): AuditRecord {
  return auditRecord({ time: Date.now(), requestId: String(id), ...fields })
}

/** Begins; resolves with the ticket once the intent is journalled, rejects with the refusal. */
export function begin(recorder: Recorder, record: AuditRecord): Promise<number> {
  return new Promise((done, fail) => {
    const ticket = recorder.begin({ ...record, outcome: 'unknown' }, PROVEN, {
      onJournalled: (error) => (error === null ? queueMicrotask(() => done(ticket)) : fail(error)),
    })
  })
}

/** Finishes; resolves once the record is journalled. */
export function finish(
  recorder: Recorder,
  ticket: number,
  record: AuditRecord,
  effect: KeyEffect = PROVEN,
): Promise<void> {
  return new Promise((done, fail) => {
    recorder.finish(ticket, record, effect, {
      onJournalled: (error) => (error === null ? done() : fail(error)),
    })
  })
}

/** The whole life of one exchange. */
export async function exchange(recorder: Recorder, record: AuditRecord): Promise<void> {
  await finish(recorder, await begin(recorder, record), record)
}

/** Begins, again and again where the queue is full. */
async function beginPatiently(recorder: Recorder, record: AuditRecord): Promise<number> {
  for (;;) {
    try {
      return await begin(recorder, record)
    } catch (error) {
      if ((error as KeytrailError).code !== 'QUEUE_FULL') throw error
      await delay(1)
    }
  }
}

/** `count` exchanges, `concurrency` at a time, with ids from `first` on and keys `k0`…`k4` in turns. */
export async function exchanges(
  recorder: Recorder,
  { count, first = 0, concurrency = 32 }: { count: number; first?: number; concurrency?: number },
): Promise<void> {
  let next = first
  const worker = async (): Promise<void> => {
    while (next < first + count) {
      const id = next++
      const record = numbered(id, { key: `k${id % 5}` })
      await finish(recorder, await beginPatiently(recorder, record), record)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** The code an operation is refused with; null where it succeeds. */
export async function refusal(operation: Promise<unknown>): Promise<string | null> {
  return operation.then(
    () => null,
    (error: KeytrailError) => error.code,
  )
}

/** What a store holds, read while nobody writes. */
export interface StoreContent {
  /** All records of all rings. */
  readonly records: readonly StoredRecord[]
  /** Each record's outcomes by its id: one outcome for one that is there once. */
  readonly outcomes: ReadonlyMap<string, readonly string[]>
  coverage(key: string): Coverage | undefined
}

/** Reads everything and has the chains verified. */
export async function readStore(t: Test, path: string): Promise<StoreContent> {
  const environment = openEnvironment({ path, access: 'read', mapSize: MAP_SIZE })
  const reader = createReader({ environment, retention: RETENTION, clock: Date.now })
  try {
    const report = verifyStore(environment)
    t.ok(report.ok, `the chains verify ${report.damage}`)
    const coverages = new Map(reader.keys('', 1000).map(({ key, coverage }) => [key, coverage]))
    const rings: RingName[] = [...coverages.keys()].map((key) => ({ kind: 'key', key }))
    const records = [...rings, { kind: 'unattributed' } as const].flatMap((ring) => ringRecords(reader, ring))
    const outcomes = new Map<string, string[]>()
    for (const { requestId, outcome } of records) {
      outcomes.set(requestId, [...(outcomes.get(requestId) ?? []), outcome])
    }
    return { records, outcomes, coverage: (key) => coverages.get(key) }
  } finally {
    reader.close()
    await environment.close()
  }
}

function ringRecords(reader: Reader, ring: RingName): StoredRecord[] {
  const records: StoredRecord[] = []
  for (let before: number | null = null; ; ) {
    const page = reader.history(ring, historyQuery({ before, limit: 1000 }))
    if (page === null) return records
    records.push(...page.records)
    if (page.nextBefore === null) return records
    before = page.nextBefore
  }
}

/** Asserts that exactly the records `0`…`count - 1` are there, each once, with outcome success. */
export async function hasExactly(t: Test, path: string, count: number): Promise<void> {
  const { records, outcomes } = await readStore(t, path)
  t.equal(records.length, count)
  t.equal(outcomes.size, count)
  const odd = [...outcomes].filter(([id, kept]) => kept.join() !== 'success' || !(Number(id) < count))
  t.strictSame(odd, [])
}

/** Resolves once both spare slots are ready, so that none is being made or zeroed. */
export async function sparesReady({ shared }: Recorder): Promise<void> {
  const states = new Int32Array(shared.control).subarray(Control.slotStates, Control.segmentSlots)
  await until(() => (states.filter((state) => state === SlotState.free).length >= 2 ? true : null))
}

/** Paths of the slot files. */
export function slotFiles(path: string): string[] {
  return readdirSync(join(path, 'journal'))
    .filter((name) => name.endsWith('.journal'))
    .sort()
    .map((name) => join(path, 'journal', name))
}
