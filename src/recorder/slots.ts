import { closeSync, fdatasyncSync, fsyncSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSegmentHeader, encodeFreeHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment.ts'

/** A segment file lives in a slot: the file stays, the segments in it come and go. */
export function slotPath(directory: string, slot: number): string {
  return join(directory, `${String(slot).padStart(3, '0')}.journal`)
}

/** The slots present in `directory`, in order, each with what its file's header says. */
export function readSlots(directory: string): { slot: number; header: SegmentHeader }[] {
  const slots = readdirSync(directory)
    .filter((name) => name.endsWith('.journal'))
    .map((name) => Number.parseInt(name, 10))
  return slots.sort((a, b) => a - b).map((slot) => ({ slot, header: readHeader(slotPath(directory, slot)) }))
}

function readHeader(path: string): SegmentHeader {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    return decodeSegmentHeader(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)))
  } finally {
    closeSync(fd)
  }
}

/** Zeros written at a time: short enough that whoever zeroes can do other things in between. */
const SLICE_BYTES = 1 << 20
const ZEROS = Buffer.alloc(SLICE_BYTES)

/** Zeroes (and where it is new, preallocates) the file of one slot, slice by slice. */
export class SlotCleaner {
  readonly slot: number
  readonly #fd: number
  readonly #directory: string
  readonly #bytes: number
  #done = 0

  constructor(directory: string, slot: number, segmentBytes: number) {
    this.slot = slot
    this.#directory = directory
    this.#bytes = segmentBytes
    this.#fd = openSync(slotPath(directory, slot), 'a+')
    closeSync(this.#fd)
    this.#fd = openSync(slotPath(directory, slot), 'r+')
  }

  /** Does one slice; true once the slot is free. The header comes last: until then the slot counts as dirty. */
  step(): boolean {
    if (this.#done < this.#bytes) {
      const length = Math.min(SLICE_BYTES, this.#bytes - this.#done)
      this.#done += writeSync(this.#fd, ZEROS, 0, length, this.#done)
      // Synced slice by slice: a whole segment at once would hold up the journal's own syncs.
      fdatasyncSync(this.#fd)
      return false
    }
    writeSync(this.#fd, encodeFreeHeader(), 0, undefined, 0)
    fdatasyncSync(this.#fd)
    closeSync(this.#fd)
    syncDirectory(this.#directory)
    return true
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
