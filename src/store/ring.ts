import { KeytrailError } from '../errors.ts'
import {
  appendToBlock,
  type BlockWriter,
  blockCount,
  blockTakes,
  FIRST_RECORD,
  newBlockWriter,
  nextRecord,
  recordEnd,
  resumeBlock,
  startBlock,
} from './block.ts'
import { nextHash } from './chain.ts'
import type { Blocks, Database } from './environment.ts'
import { blockKey, seqOfBlockKey } from './layout.ts'
import { rewriteNeighbours } from './neighbours.ts'
import { recordClass, recordOutcome, recordTime, setRecordTime } from './record-codec.ts'
import { isRedaction } from './redaction.ts'
import { encodeRingState, type RingState } from './ring-state.ts'

/** Blocks removed at a time: a ring need not fit in memory. */
const CLEAR_BLOCKS = 1000

/** What a ring may keep. */
export interface Retention {
  /** Newest records kept. */
  readonly records: number
  /** Oldest kept, in ms. */
  readonly ageMs: number
  /** How long tombstones stay, in ms. */
  readonly tombstoneMs: number
}

/** One ring within one write transaction: append, evict, then {@link Ring.save}. */
export class Ring {
  readonly state: RingState
  /** The key's id; '' for the unattributed ring. */
  readonly key: string
  readonly #records: Blocks
  readonly #tail: BlockWriter = newBlockWriter()
  #tailLoaded = false
  #tailChanged = false

  constructor(key: string, state: RingState, records: Blocks) {
    this.key = key
    this.state = state
    this.#records = records
  }

  /** Appends the record's bytes, whose time is raised where it lies before the ring's newest. */
  append(record: Buffer): void {
    const { state } = this
    let time = recordTime(record, 0)
    if (time < state.newestTime) {
      time = state.newestTime
      setRecordTime(record, 0, time)
      state.clamped++
    }
    this.#makeRoom(record.length)
    appendToBlock(this.#tail, record, time)
    this.#tailChanged = true
    state.hash = nextHash(state.hash, record)
    this.#count(record, time)
  }

  /**
   * Drops what exceeds `retention` at `now`, oldest first. What is too old counts as evicted by age even where
   * the ring is also too full: the count tells how much of the period the ring could not hold.
   */
  evict(retention: Retention, now: number): void {
    const { state } = this
    const firstKept = state.nextSeq - retention.records
    const cutoff = now - retention.ageMs
    while (state.firstSeq < state.nextSeq && (state.firstSeq < firstKept || state.oldestTime < cutoff)) {
      if (!this.#evictFromFirstBlock(firstKept, cutoff)) return
    }
  }

  /** Removes every record of the ring, and the bytes of those evicted before. */
  clear(): void {
    const { state } = this
    for (const key of this.#blockKeys()) this.#records.blank(key)
    for (const key of this.#blockKeys()) this.#records.remove(key)
    rewriteNeighbours(this.#records, state.ring)
    state.firstSeq = state.nextSeq
    this.#dropTail()
  }

  /** Of all blocks, some at a time; they may be changed and removed meanwhile. */
  *#blockKeys(): Generator<Uint8Array> {
    const { ring, firstBlock, nextSeq } = this.state
    const end = blockKey(ring, nextSeq)
    for (let start = blockKey(ring, firstBlock); ; ) {
      const keys = [...this.#records.keys({ start, end, limit: CLEAR_BLOCKS })]
      yield* keys
      const last = keys.at(-1)
      if (last === undefined || keys.length < CLEAR_BLOCKS) return
      start = blockKey(ring, seqOfBlockKey(last) + 1)
    }
  }

  /** Hands every block and its first sequence number to `rewrite`; what that returns, null aside, takes its place. */
  rewriteBlocks(rewrite: (block: Buffer, seq: number) => Buffer | null): void {
    const { ring, firstBlock, nextSeq } = this.state
    this.#saveTail()
    this.#tailLoaded = false
    for (let from = firstBlock; ; ) {
      const bounds = { start: blockKey(ring, from), end: blockKey(ring, nextSeq), limit: CLEAR_BLOCKS }
      const keys = [...this.#records.keys(bounds)]
      for (const key of keys) {
        from = seqOfBlockKey(key)
        const block = rewrite(this.#block(from), from)
        if (block !== null) this.#records.put(key, block)
      }
      if (keys.length < CLEAR_BLOCKS) return
      from++
    }
  }

  /** Writes the block being filled and the state. */
  save(keys: Database, stateKey: Uint8Array): void {
    this.#saveTail()
    keys.put(stateKey, encodeRingState(this.state))
  }

  #saveTail(): void {
    if (!this.#tailChanged) return
    const { bytes, length } = this.#tail
    this.#records.put(blockKey(this.state.ring, this.state.tailBlock), bytes.subarray(0, length))
    this.#tailChanged = false
  }

  #makeRoom(size: number): void {
    const { state } = this
    if (state.tailBlock !== 0) {
      this.#loadTail()
      if (blockTakes(this.#tail, size)) return
      this.#saveTail()
    }
    startBlock(this.#tail, state.hash)
    state.tailBlock = state.nextSeq
    this.#tailLoaded = true
  }

  #loadTail(): void {
    if (this.#tailLoaded) return
    resumeBlock(this.#tail, this.#block(this.state.tailBlock))
    this.#tailLoaded = true
  }

  #count(record: Buffer, time: number): void {
    const { state } = this
    const outcome = recordOutcome(record, 0)
    if (outcome === 'unknown') state.unknown++
    if (outcome === 'success' && recordClass(record, 0) === 'use') {
      state.lastUseSeq = state.nextSeq
      state.lastUseTime = time
    }
    if (state.firstSeq === state.nextSeq) state.oldestTime = time
    state.newestTime = time
    state.nextSeq++
  }

  /** Returns false once a record was found that stays. */
  #evictFromFirstBlock(firstKept: number, cutoff: number): boolean {
    const { state } = this
    const bytes = this.#firstBlockBytes()
    const count = blockCount(bytes)
    let start = FIRST_RECORD
    for (let seq = state.firstBlock; seq < state.firstBlock + count; seq++) {
      const end = recordEnd(bytes, start)
      if (seq >= state.firstSeq) {
        const time = recordTime(bytes, start)
        state.oldestTime = time
        if (time < cutoff) state.evictedByAge++
        else if (seq < firstKept) state.evictedByCount++
        else return false
        if (recordOutcome(bytes, start) === 'unknown') state.unknown--
        if (isRedaction(bytes, start)) state.redacted--
        state.firstSeq = seq + 1
      }
      start = nextRecord(end)
    }
    this.#records.remove(blockKey(state.ring, state.firstBlock))
    if (state.firstBlock === state.tailBlock) this.#dropTail()
    else state.firstBlock += count
    return true
  }

  #firstBlockBytes(): Buffer {
    const { state } = this
    if (state.firstBlock === state.tailBlock) {
      this.#loadTail()
      return this.#tail.bytes
    }
    return this.#block(state.firstBlock)
  }

  #block(seq: number): Buffer {
    const stored = this.#records.get(blockKey(this.state.ring, seq))
    if (stored !== undefined) return stored
    throw new KeytrailError(
      'STORE_DAMAGED',
      `ring ${this.state.ring}: expected a block that starts at record ${seq}, found none; run keytrail verify`,
    )
  }

  #dropTail(): void {
    const { state } = this
    state.firstBlock = state.nextSeq
    state.tailBlock = 0
    this.#tailLoaded = false
    this.#tailChanged = false
  }
}
