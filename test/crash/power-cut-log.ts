import { readFileSync } from 'node:fs'

const HEADER_BYTES = 48
const KINDS = ['', 'write', 'synced', 'created', 'unlinked', 'renamed', 'directory-synced'] as const
/** Length of a sync that counts for the whole file: everything before `offset` of the log. */
const WHOLE = 0xffffffffffffffffn

/** One entry of the log that power-cut.c writes. */
export interface CutEntry {
  readonly kind: Exclude<(typeof KINDS)[number], ''> | 'range-synced'
  /** Its place in the log. */
  readonly at: number
  readonly inode: number
  /** A rename: both names, a line each. */
  readonly path: string
  /** In the file; of a sync, in the log; of a name, the number of the file set aside (0 for none). */
  readonly offset: number
  readonly wrote: number
  /** The file's size before. */
  readonly size: number
  /** What stood there before. */
  readonly bytes: Buffer
}

/** A write, and what synchronous writes have made durable of its place since. */
export interface WriteEntry extends CutEntry {
  readonly synced: CutEntry[]
}

/** Reads it; an entry that is cut tells of something that did not happen any more. */
export function readCutLog(file: string): CutEntry[] {
  const log = readFileSync(file)
  const entries: CutEntry[] = []
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const kind = KINDS[log.readUInt32LE(at)] ?? ''
    const path = at + HEADER_BYTES
    const bytes = path + log.readUInt32LE(at + 4)
    const end = bytes + Number(log.readBigUInt64LE(at + 32))
    if (kind === '' || end > log.length) break
    const wrote = log.readBigUInt64LE(at + 24)
    entries.push({
      kind: kind === 'synced' && wrote !== WHOLE ? 'range-synced' : kind,
      at,
      inode: Number(log.readBigUInt64LE(at + 8)),
      path: log.toString('utf8', path, bytes),
      offset: Number(log.readBigUInt64LE(at + 16)),
      wrote: Number(wrote),
      size: Number(log.readBigUInt64LE(at + 40)),
      bytes: log.subarray(bytes, end),
    })
    at = end
  }
  return entries
}
