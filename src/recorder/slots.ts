import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncDirectory } from '../store/sync-directory.ts'
import {
  decodeSegmentHeader,
  encodeFreeHeader,
  FIRST_GROUP,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './segment.ts'

/** A segment file lives in a slot: the file stays, the segments in it come and go. */
export function slotPath(directory: string, slot: number): string {
  return join(directory, `${String(slot).padStart(3, '0')}.journal`)
}

/** A slot that is there. */
export interface Slot {
  readonly slot: number
  readonly header: SegmentHeader
  /** Of the file, in bytes. */
  readonly size: number
}

/** The slots present in `directory`, in order, each with what its file's header says. */
export function readSlots(directory: string): Slot[] {
  const slots = readdirSync(directory)
    .filter((name) => /^\d{3}\.journal$/.test(name))
    .map((name) => Number.parseInt(name, 10))
  return slots.sort((a, b) => a - b).map((slot) => readSlot(directory, slot))
}

function readSlot(directory: string, slot: number): Slot {
  const fd = openSync(slotPath(directory, slot), 'r')
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const header = decodeSegmentHeader(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)))
    return { slot, header, size: fstatSync(fd).size }
  } finally {
    closeSync(fd)
  }
}

/** Zeros written at a time: short enough that whoever zeroes can do other things in between. */
const SLICE_BYTES = 1 << 20
const ZEROS = Buffer.alloc(SLICE_BYTES)
const BLOCK_BYTES = 4096

/** What is known of a slot that is to be cleaned. */
interface SlotCondition {
  readonly failedBefore: boolean
  /** The journal gave its segment up before anything in it counted. */
  readonly abandoned: boolean
}

const SOUND: SlotCondition = { failedBefore: false, abandoned: false }

/**
 * Zeroes (and where it is new, preallocates) the file of one slot, slice by slice. What is zero is not written
 * again, as a slot is seldom full; but it is where a write failed before: then what is read need not be on disk.
 */
export class SlotCleaner {
  readonly slot: number
  readonly #fd: number
  readonly #directory: string
  readonly #bytes: number
  readonly #isNew: boolean
  readonly #writesAll: boolean
  #abandoned: boolean
  #begun = false
  #done = 0

  constructor(
    directory: string,
    slot: number,
    segmentBytes: number,
    { failedBefore, abandoned }: SlotCondition = SOUND,
  ) {
    this.#abandoned = abandoned
    this.slot = slot
    this.#directory = directory
    this.#bytes = segmentBytes
    this.#fd = openSync(slotPath(directory, slot), constants.O_RDWR | constants.O_CREAT, 0o600)
    const { size } = fstatSync(this.#fd)
    this.#isNew = size === 0
    // A shorter one has places that no disk space is kept for.
    this.#writesAll = failedBefore || size < segmentBytes
  }

  /** Does one slice; true once the slot is free. The header comes last: until then the slot counts as blank. */
  step(): boolean {
    if (this.#abandoned) {
      // Its one group before its header: without that header, it would look like entries that have been lost.
      writeSync(this.#fd, ZEROS, 0, BLOCK_BYTES, FIRST_GROUP)
      fdatasyncSync(this.#fd)
      this.#abandoned = false
      return false
    }
    if (!this.#begun) {
      // First of all on disk: a segment that lost some records, but not its header, would be read as a live one.
      this.#zero(BLOCK_BYTES)
      this.#begun = true
      return false
    }
    // A file from a time of larger segments is zeroed as a whole before it is cut.
    const { size } = fstatSync(this.#fd)
    const left = Math.max(this.#bytes, size) - this.#done
    if (left > 0) {
      const slice = Math.min(SLICE_BYTES, left)
      if (this.#writesAll || !this.#isZero(slice)) this.#zero(slice)
      else this.#done += slice
      return false
    }
    if (size > this.#bytes) ftruncateSync(this.#fd, this.#bytes)
    writeSync(this.#fd, encodeFreeHeader(), 0, undefined, 0)
    fdatasyncSync(this.#fd)
    syncDirectory(this.#directory)
    closeSync(this.#fd)
    return true
  }

  /** Gives up what can't be cleaned now; a file that was new takes no more of a full disk. */
  abort(): void {
    closeSync(this.#fd)
    if (this.#isNew) rmSync(slotPath(this.#directory, this.slot), { force: true })
  }

  #isZero(length: number): boolean {
    const bytes = Buffer.allocUnsafe(length)
    return (
      readSync(this.#fd, bytes, 0, length, this.#done) === length && bytes.equals(ZEROS.subarray(0, length))
    )
  }

  /** Synced slice by slice: a whole segment at once would hold up the journal's own syncs. */
  #zero(length: number): void {
    const wrote = writeSync(this.#fd, ZEROS, 0, length, this.#done)
    fdatasyncSync(this.#fd)
    if (this.#begun) this.#done += wrote
  }
}
