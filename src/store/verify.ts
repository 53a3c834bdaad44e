import { KeytrailError } from '../errors.ts'
import { genesisHash } from './chain.ts'
import type { Environment } from './environment.ts'
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
  readonly rings: readonly RingVerification[]
  /** Kept records of all rings together. */
  readonly records: number
  /** How many rings are damaged. */
  readonly damagedRings: number
  /** What is wrong beyond single rings. */
  readonly damage: readonly string[]
}

export interface VerifyOptions {
  /** Only this key's ring. */
  readonly key?: string
}

/**
 * Walks every ring, or one, within one snapshot: works beside a running writer, and holds one block at a
 * time. Throws `KEY_UNKNOWN` for a key without a ring, `STORE_FORMAT` or `STORE_MISSING` as a reader does.
 */
export function verifyStore(environment: Environment, { key }: VerifyOptions = {}): VerifyReport {
  environment.refresh()
  checkFormat(environment.meta, environment.path)
  const verify = ringVerifier(environment)
  if (key !== undefined) return report([verify.ring(key, stateOf(environment, key))], [])
  const rings: RingVerification[] = []
  const unattributed = environment.keys.get(UNATTRIBUTED_KEY)
  if (unattributed !== undefined) rings.push(verify.ring('', unattributed))
  const named = rings.length
  for (const { key, value } of environment.keys.range(ringStatesAfter(''))) {
    rings.push(verify.ring(keyOfRingState(key), value))
  }
  return report(rings, [
    ...verify.shared(),
    ...countDamage(environment, rings.length - named),
    ...strays(environment, verify),
  ])
}

interface RingVerifier {
  ring(key: string, state: Buffer): RingVerification
  /** Whether a verified state has this ring number. */
  knows(ring: number): boolean
  /** Rings that two keys claim. */
  shared(): string[]
}

function ringVerifier({ meta, records }: Environment): RingVerifier {
  const instance = instanceOf(meta)
  const keys = new Map<number, string>()
  const shared: string[] = []
  return {
    ring(key, stored) {
      const state = readableState(stored)
      if (typeof state === 'string') return { key, records: 0, ok: false, damage: state }
      const other = keys.get(state.ring)
      if (other !== undefined) shared.push(`ring ${state.ring}: expected one key, found ${other} and ${key}`)
      keys.set(state.ring, key)
      const damage = ringDamage(state, records, genesisHash(instance, state.ring, key))
      const { nextSeq, firstSeq, redacted } = state
      const found = {
        ...{ key, records: nextSeq - firstSeq, ok: damage === null },
        ...(redacted > 0 && { redacted }),
      }
      return damage === null ? found : { ...found, damage }
    },
    knows: (ring) => keys.has(ring),
    shared: () => shared,
  }
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

function report(rings: readonly RingVerification[], damage: readonly string[]): VerifyReport {
  const damagedRings = rings.reduce((sum, { ok }) => sum + (ok ? 0 : 1), 0)
  const records = rings.reduce((sum, ring) => sum + ring.records, 0)
  return { ok: damagedRings === 0 && damage.length === 0, rings, records, damagedRings, damage }
}
