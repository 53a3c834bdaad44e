import type { Database } from './environment.ts'

/**
 * Which keys' rings the newest commits wrote to, so that a reader can keep an index of all keys up to date
 * without reading them all again. One small value a commit, whatever the number of records: the ids, each with
 * its length in bytes before it (u16), or nothing for a commit that wrote to too many.
 */
const KEPT_COMMITS = 1024

/** Beyond this many bytes of ids a reader is told to read all keys instead. */
const MOST_BYTES = 65_536

/** What changed since a position, and the position to ask from next. */
export interface KeyChanges {
  /** Ids of keys whose rings were written to; null where that is not known any more: read them all. */
  readonly keys: readonly string[] | null
  readonly position: number
}

/** Notes the rings that this transaction wrote to; `''`, the unattributed one, is left out. */
export function noteChanges(changes: Database, keys: Iterable<string>): void {
  const ids: Buffer[] = []
  let bytes = 0
  for (const key of keys) {
    if (key === '') continue
    const id = Buffer.from(`\0\0${key}`)
    id.writeUInt16BE(id.length - 2)
    ids.push(id)
    bytes += id.length
  }
  if (ids.length === 0) return
  const number = newestChange(changes) + 1
  changes.put(numberKey(number), Buffer.concat(bytes > MOST_BYTES ? [] : ids))
  if (number > KEPT_COMMITS) changes.remove(numberKey(number - KEPT_COMMITS))
}

/** The changes after `position`, which an earlier call returned; null to start with. */
export function changesSince(changes: Database, position: number | null): KeyChanges {
  const newest = newestChange(changes)
  if (position === null || position > newest) return { keys: null, position: newest }
  const keys = new Set<string>()
  let expected = position + 1
  for (const { key, value } of changes.range({ start: numberKey(expected), end: numberKey(newest + 1) })) {
    if (numberOf(key) !== expected || value.length === 0) return { keys: null, position: newest }
    for (let at = 0; at < value.length; ) {
      const start = at + 2
      at = start + value.readUInt16BE(at)
      keys.add(value.toString('utf8', start, at))
    }
    expected++
  }
  return { keys: expected === newest + 1 ? [...keys] : null, position: newest }
}

function newestChange(changes: Database): number {
  const bounds = { start: numberKey(2 ** 48 - 1), end: numberKey(0), reverse: true, limit: 1 }
  for (const key of changes.keys(bounds)) return numberOf(key)
  return 0
}

function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(6)
  key.writeUIntBE(number, 0, 6)
  return key
}

function numberOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(0, 6)
}
