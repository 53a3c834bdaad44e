import {
  blockCount,
  blockNewest,
  blockOldest,
  blockPreviousHash,
  FIRST_RECORD,
  nextRecord,
  recordEnd,
  wholeBlock,
} from './block.ts'
import { nextHash } from './chain.ts'
import type { Database } from './environment.ts'
import { blockKey, LATEST, seqOfBlockKey, UNATTRIBUTED_RING } from './layout.ts'
import { recordClass, recordOutcome, recordTime, wholeRecord } from './record-codec.ts'
import { redactedLink } from './redaction.ts'
import type { RingState } from './ring-state.ts'

/** Where the walk over a ring's blocks has come to. */
interface Walk {
  /** Sequence number of the next record. */
  seq: number
  /** Chain hash before it; null where the anchor is still to be read. */
  hash: Buffer | null
  /** First record of the block last walked; 0 for none. */
  block: number
  time: number
  /** Of the kept records. */
  unknown: number
  redacted: number
  oldestTime: number
  lastUseSeq: number
  lastUseTime: number
}

/**
 * What is wrong with a ring, and at which record; null where its blocks, its chain and its state agree.
 * `genesis` is what the chain of this ring starts from. Reads one block at a time.
 */
export function ringDamage(state: RingState, records: Database, genesis: Buffer): string | null {
  const found = stateDamage(state)
  if (found !== null) return found
  const { ring, firstBlock } = state
  const hash = firstBlock === 1 ? genesis : null
  const none = { block: 0, time: 0, unknown: 0, redacted: 0, oldestTime: 0, lastUseSeq: 0, lastUseTime: 0 }
  const walk = { seq: firstBlock, hash, ...none }
  for (const { key, value } of records.range({ start: blockKey(ring, 0), end: blockKey(ring, LATEST) })) {
    const damage = blockDamage(state, walk, seqOfBlockKey(key), value)
    if (damage !== null) return damage
  }
  return endDamage(state, walk)
}

/** The state alone: its numbers fit each other. */
function stateDamage(state: RingState): string | null {
  const { firstBlock, firstSeq, nextSeq, tailBlock, evictedByCount, evictedByAge } = state
  const numbers = `state: first block ${firstBlock}, first record ${firstSeq}, next record ${nextSeq}`
  if (firstBlock < 1 || firstBlock > firstSeq || firstSeq > nextSeq) return `${numbers}: not in this order`
  if (evictedByCount + evictedByAge !== firstSeq - 1) {
    return `state: expected ${firstSeq - 1} evicted records, found ${evictedByCount} by count and ${evictedByAge} by age`
  }
  const empty = firstSeq === nextSeq
  if (empty ? firstBlock !== nextSeq || tailBlock !== 0 : tailBlock < firstBlock || tailBlock >= nextSeq) {
    return `${numbers}: the last block can't start at ${tailBlock}`
  }
  return null
}

/** Walks one block. */
function blockDamage(state: RingState, walk: Walk, seq: number, bytes: Buffer): string | null {
  if (seq !== walk.seq) return `expected the block of record ${walk.seq}, found that of record ${seq}`
  if (!wholeBlock(bytes)) return `block of record ${seq}: its bytes are no block`
  const anchor = blockPreviousHash(bytes)
  if (walk.hash !== null && !walk.hash.equals(anchor)) {
    const before = walk.block === 0 ? 'the genesis' : `records ${walk.block} to ${seq - 1}`
    return `${before}: the hash up to there is not the one that the block of record ${seq} goes on from`
  }
  if (recordTime(bytes, FIRST_RECORD) !== blockOldest(bytes))
    return `block of record ${seq}: not its oldest time`
  walk.hash = Buffer.from(anchor)
  walk.block = seq
  let start = FIRST_RECORD
  for (let i = blockCount(bytes); i > 0; i--) {
    const end = recordEnd(bytes, start)
    const damage = recordDamage(state, walk, bytes.subarray(start, end))
    if (damage !== null) return damage
    start = nextRecord(end)
  }
  return walk.time === blockNewest(bytes) ? null : `block of record ${seq}: not its newest time`
}

function recordDamage(state: RingState, walk: Walk, record: Buffer): string | null {
  const { seq, hash } = walk
  const link = redactedLink(record)
  if (link === null ? !wholeRecord(record) : state.ring !== UNATTRIBUTED_RING)
    return `record ${seq}: its bytes are no record`
  const time = recordTime(record, 0)
  if (time < walk.time) return `record ${seq}: its time ${time} lies before that of the record before`
  walk.time = time
  if (link !== null && hash !== null && !hash.equals(link.before))
    return `records ${walk.block} to ${seq - 1}: the hash up to there is not the one that the redaction goes on from`
  walk.hash = hash === null ? null : (link?.behind ?? nextHash(hash, record))
  walk.seq++
  if (seq < state.firstSeq) return null
  if (seq === state.firstSeq) walk.oldestTime = time
  const outcome = recordOutcome(record, 0)
  if (outcome === 'unknown') walk.unknown++
  if (link !== null) walk.redacted++
  if (outcome === 'success' && recordClass(record, 0) === 'use') {
    walk.lastUseSeq = seq
    walk.lastUseTime = time
  }
  return null
}

/** What the walk came to against what the state says. */
function endDamage(state: RingState, walk: Walk): string | null {
  const { firstSeq, nextSeq, tailBlock, hash, unknown, newestTime, oldestTime, lastUseSeq, lastUseTime } =
    state
  if (walk.seq !== nextSeq) return `record ${walk.seq}: missing, as all up to ${nextSeq - 1}`
  if (walk.block !== tailBlock) return `state: expected the last block at ${walk.block}, found ${tailBlock}`
  if (walk.hash !== null && !walk.hash.equals(hash)) {
    return walk.block === 0
      ? 'state: the hash of an unused ring is not its genesis'
      : `records ${walk.block} to ${nextSeq - 1}: the hash up to there is not the chain’s head`
  }
  if (walk.unknown !== unknown)
    return `state: expected ${walk.unknown} records of unknown outcome, found ${unknown}`
  if (walk.redacted !== state.redacted)
    return `state: expected ${walk.redacted} redactions, found ${state.redacted}`
  if (firstSeq === nextSeq) return null
  if (walk.time !== newestTime) return `state: expected the newest time ${walk.time}, found ${newestTime}`
  if (walk.oldestTime < oldestTime)
    return `state: expected no oldest time after ${walk.oldestTime}, found ${oldestTime}`
  // A key has a last use; the unattributed ring's may have been redacted.
  if (state.ring === UNATTRIBUTED_RING) return null
  const lastUse = lastUseSeq < firstSeq ? 0 : lastUseSeq
  if (walk.lastUseSeq !== lastUse)
    return `state: expected the last use at record ${walk.lastUseSeq}, found ${lastUseSeq}`
  if (lastUse !== 0 && walk.lastUseTime !== lastUseTime)
    return `state: expected the last use at ${walk.lastUseTime}, found ${lastUseTime}`
  return null
}
