/** A test on records' bytes, so that a scan decodes only what it returns. */
export interface RecordMatch {
  /** Turns to a block, before any of its records is tested; false where none of them is asked for. */
  block(bytes: Buffer): boolean
  /** Whether the record that starts at `start` of the block is asked for. */
  record(bytes: Buffer, start: number): boolean
}
