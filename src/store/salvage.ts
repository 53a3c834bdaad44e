import { blockCount, blockPreviousHash, FIRST_RECORD, nextRecord, recordEnd, wholeBlock } from './block.ts'
import { genesisHash, nextHash } from './chain.ts'
import type { Environment } from './environment.ts'
import { blockKey, LATEST, ringStateKey, seqOfBlockKey, UNATTRIBUTED_KEY } from './layout.ts'
import { settleDestruction } from './lifecycle.ts'
import { instanceOf, takeRingNumber } from './meta.ts'
import { wholeRecord } from './record-codec.ts'
import { isRedaction, redactedLink } from './redaction.ts'
import { scheduleSweep } from './retention.ts'
import { Ring } from './ring.ts'
import { newRingState, type RingState } from './ring-state.ts'

/** What of a damaged ring was kept. */
export interface Salvaged {
  readonly kept: number
  /** Sequence numbers, as they were, of what was not: `7` or `7 to 12`. */
  readonly missing: readonly string[]
}

/**
 * Puts what of a ring's blocks can be trusted into a ring of its own, with a chain of its own, in the old one's
 * place: whole blocks that end at the hash the next one goes on from, or whose next one is gone. What is missing
 * counts as lost. Needs a transaction.
 */
export function salvageRing(environment: Environment, key: string, old: RingState): Salvaged {
  const { meta, keys, records, schedule } = environment
  const number = key === '' ? old.ring : takeRingNumber(meta)
  const seqs = [...records.keys({ start: blockKey(old.ring, 0), end: blockKey(old.ring, LATEST) })].map(
    seqOfBlockKey,
  )
  const trusted = seqs.filter((seq, i) => isTrusted(environment, old, seq, seqs[i + 1]))
  const found = trusted.map((seq) => ({ seq, bytes: blockAt(environment, old.ring, seq) }))
  for (const seq of seqs) records.remove(blockKey(old.ring, seq))
  const ring = new Ring(
    key,
    newRingState(number, old.openedAt, genesisHash(instanceOf(meta), number, key)),
    records,
  )
  const missing = new Missing(old.firstSeq)
  for (const { seq, bytes } of found) {
    missing.found(seq, seq + blockCount(bytes))
    for (const record of recordsOf(bytes, Math.max(0, old.firstSeq - seq))) ring.append(record)
  }
  missing.found(old.nextSeq, old.nextSeq)
  const { state } = ring
  state.lost = old.lost + missing.count
  const kept = state.nextSeq - state.firstSeq
  ring.save(keys, key === '' ? UNATTRIBUTED_KEY : ringStateKey(key))
  scheduleSweep(schedule, ring, 1)
  if (old.destroyAt !== 0) {
    const { destroyAt: at, destroyBy: by, destroyAddress: address } = old
    settleDestruction(schedule, ring, { at, by, address })
    ring.save(keys, ringStateKey(key))
  }
  return { kept, missing: missing.ranges }
}

function blockAt({ records }: Environment, ring: number, seq: number): Buffer {
  return Buffer.from(records.get(blockKey(ring, seq)) ?? Buffer.alloc(0))
}

function isTrusted(environment: Environment, old: RingState, seq: number, next: number | undefined): boolean {
  const bytes = blockAt(environment, old.ring, seq)
  const end = endHash(bytes)
  if (end === null) return false
  const behind = seq + blockCount(bytes)
  if (behind === old.nextSeq) return end.equals(old.hash)
  if (next !== behind) return true
  const following = blockAt(environment, old.ring, next)
  return !wholeBlock(following) || blockPreviousHash(following).equals(end)
}

/** The chain hash behind a block's last record; null where it is no block, or one of its records none. */
function endHash(bytes: Buffer): Buffer | null {
  if (!wholeBlock(bytes)) return null
  let hash = Buffer.from(blockPreviousHash(bytes))
  let start = FIRST_RECORD
  for (let left = blockCount(bytes); left > 0; left--) {
    const end = recordEnd(bytes, start)
    const record = bytes.subarray(start, end)
    const link = redactedLink(record)
    if (link === null && !wholeRecord(record)) return null
    hash = Buffer.from(link === null ? nextHash(hash, record) : link.behind)
    start = nextRecord(end)
  }
  return hash
}

/** The records of a block behind the first `skipped`; what was redacted has no place in another chain. */
function* recordsOf(bytes: Buffer, skipped: number): Generator<Buffer> {
  let start = FIRST_RECORD
  for (let i = 0; i < blockCount(bytes); i++) {
    const end = recordEnd(bytes, start)
    if (i >= skipped && !isRedaction(bytes, start)) yield Buffer.from(bytes.subarray(start, end))
    start = nextRecord(end)
  }
}

/** Which sequence numbers nothing was found for. */
class Missing {
  readonly ranges: string[] = []
  count = 0
  #next: number

  constructor(first: number) {
    this.#next = first
  }

  /** `from` to `end` (exclusive) are there, in rising order. */
  found(from: number, end: number): void {
    if (from > this.#next) {
      this.count += from - this.#next
      this.ranges.push(from - 1 === this.#next ? `${this.#next}` : `${this.#next} to ${from - 1}`)
    }
    this.#next = Math.max(this.#next, end)
  }
}
