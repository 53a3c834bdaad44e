import { join } from 'node:path'
import { KeytrailError } from '../errors.ts'
import { genesisHash } from './chain.ts'
import { PageCheck } from './check-pages.ts'
import { type Environment, STORE_FILE } from './environment.ts'
import {
  blockKey,
  fitsRing,
  keyOfRingState,
  ringOfBlockKey,
  ringStateKey,
  ringStatesAfter,
  UNATTRIBUTED_KEY,
} from './layout.ts'
import { checkFormat, instanceOf, ringCount } from './meta.ts'
import { NumberSet } from './number-set.ts'
import { PageFile } from './page-file.ts'
import { decodeRingState, type RingState } from './ring-state.ts'
import { ringDamage } from './verify-ring.ts'

/** What was found of one ring. */
export interface RingVerification {
  /** '' for the ring of requests that belong to no known key. */
  readonly key: string
  /** Kept records. */
  readonly records: number
  /** Places among them whose record named a key that was destroyed since; only where there are any. */
  readonly redacted?: number
  readonly ok: boolean
  /** What is wrong, and at which record; only where something is. */
  readonly damage?: string
}

export interface VerifyReport {
  readonly ok: boolean
  /** How many rings were looked at. */
  readonly rings: number
  /** Kept records of all rings together. */
  readonly records: number
  /** Of these, how many were redacted. */
  readonly redacted: number
  /** How many rings are damaged. */
  readonly damagedRings: number
  /** What is wrong beyond single rings. */
  readonly damage: readonly string[]
}

export interface VerifyOptions {
  /** Only this key's ring. */
  readonly key?: string
  /** Told of every ring, one after the other: there may be more of them than fit in memory. */
  readonly found?: (ring: RingVerification) => void
}

/**
 * Looks at every page of the store's file and walks every ring, or one, all within one snapshot: works beside a
 * running writer, and holds one block at a time. Where pages are damaged, rings are not walked: the library
 * would trust those pages. Throws `KEY_UNKNOWN` for a key without a ring, `STORE_FORMAT` or `STORE_MISSING` as a
 * reader does.
 */
export function verifyStore(
  environment: Environment,
  { key, found = () => {} }: VerifyOptions = {},
): VerifyReport {
  const pages = damagedPages(environment)
  if (pages.length > 0)
    return { ok: false, rings: 0, records: 0, redacted: 0, damagedRings: 0, damage: pages }
  checkFormat(environment.meta, environment.path)
  const verify = ringVerifier(environment, found)
  if (key !== undefined) {
    verify.ring(key, stateOf(environment, key))
    return verify.report([])
  }
  const unattributed = environment.keys.get(UNATTRIBUTED_KEY)
  if (unattributed !== undefined) verify.ring('', unattributed)
  let named = 0
  for (const { key, value } of environment.keys.range(ringStatesAfter(''))) {
    verify.ring(keyOfRingState(key), value)
    named++
  }
  return verify.report([
    ...verify.shared(),
    ...countDamage(environment, named),
    ...strays(environment, verify),
  ])
}

/** Of the snapshot that the environment reads from here on, until this turn of the event loop ends. */
function damagedPages(environment: Environment): string[] {
  for (;;) {
    const check = new PageCheck()
    const pages = new PageFile(join(environment.path, STORE_FILE), check.events)
    try {
      environment.refresh()
      // The first read takes the snapshot; where nothing was committed meanwhile, it is that of the pages.
      instanceOf(environment.meta)
      if (pages.newestMeta().transaction === pages.meta.transaction) return check.run(pages)
    } finally {
      pages.close()
    }
  }
}

interface RingVerifier {
  ring(key: string, state: Buffer): void
  /** Whether a verified state has this ring number. */
  knows(ring: number): boolean
  /** Rings that two keys claim. */
  shared(): string[]
  report(damage: readonly string[]): VerifyReport
}

function ringVerifier(environment: Environment, found: (ring: RingVerification) => void): RingVerifier {
  const { meta, records } = environment
  const instance = instanceOf(meta)
  const known = new NumberSet()
  const shared = new Set<number>()
  const total = { rings: 0, records: 0, redacted: 0, damagedRings: 0 }
  const tell = (ring: RingVerification): void => {
    total.rings++
    total.records += ring.records
    total.redacted += ring.redacted ?? 0
    if (!ring.ok) total.damagedRings++
    found(ring)
  }
  return {
    ring(key, stored) {
      const state = readableState(stored)
      if (typeof state === 'string') return tell({ key, records: 0, ok: false, damage: state })
      if (!known.add(state.ring)) shared.add(state.ring)
      const damage = ringDamage(state, records, genesisHash(instance, state.ring, key))
      const { nextSeq, firstSeq, redacted } = state
      const walked = {
        ...{ key, records: nextSeq - firstSeq, ok: damage === null },
        ...(redacted > 0 && { redacted }),
      }
      tell(damage === null ? walked : { ...walked, damage })
    },
    knows: (ring) => known.has(ring),
    shared: () =>
      [...shared].map((ring) => `ring ${ring}: expected one key, found ${keysOf(environment, ring)}`),
    report: (damage) => ({ ...total, ok: total.damagedRings === 0 && damage.length === 0, damage }),
  }
}

/** The keys that claim a ring: looked for only where there are several. */
function keysOf({ keys }: Environment, ring: number): string {
  const found: string[] = []
  for (const { key, value } of keys.range(ringStatesAfter(''))) {
    const state = readableState(value)
    if (typeof state !== 'string' && state.ring === ring) found.push(keyOfRingState(key))
  }
  return found.join(' and ')
}

function readableState(stored: Buffer): RingState | string {
  try {
    return decodeRingState(stored)
  } catch (error) {
    if (error instanceof KeytrailError) return error.message
    throw error
  }
}

function stateOf({ keys }: Environment, key: string): Buffer {
  const stored = fitsRing(key) ? keys.get(ringStateKey(key)) : undefined
  if (stored !== undefined) return stored
  throw new KeytrailError(
    'KEY_UNKNOWN',
    `key ${key}: expected one with a ring, found none; see keytrail keys`,
  )
}

function countDamage({ meta }: Environment, rings: number): string[] {
  const counted = ringCount(meta)
  return counted === rings ? [] : [`meta: expected ${rings} rings, found a count of ${counted}`]
}

/** Blocks of rings that have no state: what a destruction should have removed. */
function strays({ records }: Environment, verify: RingVerifier): string[] {
  const found: string[] = []
  const end = Buffer.alloc(11, 0xff)
  for (let start = blockKey(0, 0); ; ) {
    const [next] = [...records.keys({ start, end, limit: 1 })]
    if (next === undefined) return found
    const ring = ringOfBlockKey(next)
    if (!verify.knows(ring)) found.push(`ring ${ring}: has blocks, but no state`)
    if (ring === 0xffffffff) return found
    start = blockKey(ring + 1, 0)
  }
}
