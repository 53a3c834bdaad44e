import { KeytrailError } from '../errors.ts'
import { HASH_BYTES } from './chain.ts'

/** What the store keeps of a ring beside its records. Times are Unix ms; 0 stands for none. */
export interface RingState {
  readonly ring: number
  readonly openedAt: number
  /** Oldest kept record. */
  firstSeq: number
  /** The sequence number the next record gets; `firstSeq` equals it in an empty ring. */
  nextSeq: number
  /** First record of the oldest block still stored; may lie before `firstSeq`. */
  firstBlock: number
  /** First record of the block being filled; 0 before the first record. */
  tailBlock: number
  evictedByCount: number
  evictedByAge: number
  lost: number
  /** Kept records with outcome `unknown`. */
  unknown: number
  /** Kept places whose record named a key that was destroyed since: see redaction.ts. Of the unattributed ring only. */
  redacted: number
  /** Records whose time was raised because the clock had stepped back. */
  clamped: number
  /** Not later than the oldest kept record's time: below it nothing can be too old. */
  oldestTime: number
  newestTime: number
  /** Newest successful operation of class `use`; 0 for none. */
  lastUseSeq: number
  /** Its time, kept also where the record itself is evicted. */
  lastUseTime: number
  /** When a scheduled destruction is due. */
  destroyAt: number
  /** Chain hash up to the newest record. */
  hash: Buffer
  /** Who asked for the scheduled destruction, and from where. */
  destroyBy: string
  destroyAddress: string
}

const VERSION = 1
const NUMBERS = 15
const LAST_USE_INDEX = 14
const HASH_OFFSET = 1 + 4 + NUMBERS * 6

/** A ring just opened, its chain starting at `genesis`. */
export function newRingState(ring: number, openedAt: number, genesis: Buffer): RingState {
  return {
    ring,
    openedAt,
    firstSeq: 1,
    nextSeq: 1,
    firstBlock: 1,
    tailBlock: 0,
    evictedByCount: 0,
    evictedByAge: 0,
    lost: 0,
    unknown: 0,
    redacted: 0,
    clamped: 0,
    oldestTime: 0,
    newestTime: 0,
    lastUseSeq: 0,
    lastUseTime: 0,
    destroyAt: 0,
    hash: genesis,
    destroyBy: '',
    destroyAddress: '',
  }
}

export function encodeRingState(state: RingState): Buffer {
  const by = Buffer.from([state.destroyBy, state.destroyAddress, state.redacted || ''].join('\0'))
  const bytes = Buffer.allocUnsafe(HASH_OFFSET + HASH_BYTES + by.length)
  bytes[0] = VERSION
  bytes.writeUInt32BE(state.ring, 1)
  let at = 5
  for (const number of [
    state.openedAt,
    state.firstSeq,
    state.nextSeq,
    state.firstBlock,
    state.tailBlock,
    state.evictedByCount,
    state.evictedByAge,
    state.lost,
    state.unknown,
    state.clamped,
    state.oldestTime,
    state.newestTime,
    state.lastUseSeq,
    state.destroyAt,
    state.lastUseTime,
  ]) {
    at = bytes.writeUIntBE(number, at, 6)
  }
  state.hash.copy(bytes, HASH_OFFSET)
  by.copy(bytes, HASH_OFFSET + HASH_BYTES)
  return bytes
}

/** Throws `STORE_DAMAGED` for bytes that no state has. */
export function decodeRingState(bytes: Buffer): RingState {
  if (bytes[0] !== VERSION || bytes.length <= HASH_OFFSET + HASH_BYTES) {
    throw new KeytrailError(
      'STORE_DAMAGED',
      `ring state: expected version ${VERSION} and more than ${HASH_OFFSET + HASH_BYTES} bytes, found version ${bytes[0]} and ${bytes.length} bytes; run keytrail verify`,
    )
  }
  const number = (index: number): number => bytes.readUIntBE(5 + index * 6, 6)
  const texts = bytes.toString('utf8', HASH_OFFSET + HASH_BYTES).split('\0')
  const [destroyBy = '', destroyAddress = '', redacted = ''] = texts
  return {
    ring: bytes.readUInt32BE(1),
    openedAt: number(0),
    firstSeq: number(1),
    nextSeq: number(2),
    firstBlock: number(3),
    tailBlock: number(4),
    evictedByCount: number(5),
    evictedByAge: number(6),
    lost: number(7),
    unknown: number(8),
    clamped: number(9),
    oldestTime: number(10),
    newestTime: number(11),
    lastUseSeq: number(12),
    destroyAt: number(13),
    lastUseTime: number(LAST_USE_INDEX),
    hash: Buffer.from(bytes.subarray(HASH_OFFSET, HASH_OFFSET + HASH_BYTES)),
    redacted: Number(redacted),
    destroyBy,
    destroyAddress,
  }
}

/** The time of the last use in a state's bytes, Unix ms; 0 for none. For scans over all keys. */
export function lastUseOf(bytes: Buffer): number {
  return bytes.readUIntBE(5 + LAST_USE_INDEX * 6, 6)
}
