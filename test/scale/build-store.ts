import { statSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_FILE } from '../../src/store/environment.ts'
import { auditRecord, recordBytes } from '../store/audit-record.ts'
import { TestStore } from '../store/open-store.ts'

/** As the default configuration has it. */
export const RETENTION = { records: 30_000, ageMs: 30 * 86_400_000, tombstoneMs: 365 * 86_400_000 }
const MAP_SIZE = 64 * 2 ** 30
const RECORDS_A_COMMIT = 30_000
/** Records of a ring that is not full. */
const FEW = 3
/** Records that filled rings have seen beyond what they keep: their blocks have come and gone. */
const EVICTED = 3_000

/** A store with many rings, filled without a proxy. */
export interface BuiltStore {
  readonly store: TestStore
  readonly rings: number
  readonly full: number
  /** Bytes of the file for each full ring. */
  readonly fullRingBytes: number
}

/** Key ids are as long as NAVER's. */
export function keyOf(number: number): string {
  return number.toString(16).padStart(8, '0').repeat(6).slice(0, 52)
}

export function fullKeyOf(number: number): string {
  return `full-${number}`
}

/** Makes one in `path`, whose newest records are of now. */
export function buildStore(path: string, rings: number, full: number): BuiltStore {
  const store = new TestStore(path, RETENTION, rings + full, MAP_SIZE)
  store.now = Date.now()
  const file = join(path, STORE_FILE)
  const perCommit = Math.floor(RECORDS_A_COMMIT / FEW)
  for (let first = 0; first < rings; first += perCommit) {
    store.commit(() => {
      for (let ring = first; ring < Math.min(rings, first + perCommit); ring++)
        for (let i = 0; i < FEW; i++) append(store, keyOf(ring), i)
    })
  }
  const before = statSync(file).size
  for (let ring = 0; ring < full; ring++) {
    for (let i = 0; i < RETENTION.records + EVICTED; i += EVICTED)
      store.commit(() => {
        for (let j = 0; j < EVICTED; j++) append(store, fullKeyOf(ring), i + j)
      })
  }
  return { store, rings, full, fullRingBytes: (statSync(file).size - before) / full }
}

/** The same, opened anew. */
export function openBuilt(path: string, built: BuiltStore): BuiltStore {
  const store = new TestStore(path, RETENTION, built.rings + built.full, MAP_SIZE)
  store.now = Date.now()
  return { ...built, store }
}

/** One typical record; requests differ in what they have to differ in. */
export function append(store: TestStore, key: string, number: number): void {
  const id = number.toString(16).padStart(8, '0')
  const record = auditRecord({
    time: store.now,
    durationMs: 12,
    key,
    keyVersion: '1',
    requestId: `${id}-6f0c-4c8e-9d2b-1f1f1f${id.slice(2)}`,
  })
  store.writer.submit({
    key,
    otherKey: '',
    keyProven: true,
    destruction: 'none',
    destroyAt: 0,
    record: recordBytes(record),
  })
}
