import { KeytrailError } from '../errors.ts'
import { formatInstant } from '../history/instant.ts'
import type { Reader } from '../store/reader.ts'
import { counted } from './number-text.ts'

/** What there is to say of a key without a ring: `KEY_DESTROYED` with what its tombstone tells, or `KEY_UNKNOWN`. */
export function noRing(reader: Reader, key: string): KeytrailError {
  const tombstone = reader.tombstone(key)
  if (tombstone === null) {
    return new KeytrailError(
      'KEY_UNKNOWN',
      `key ${key}: expected one with a history, found none; keytrail keys lists those that have one`,
    )
  }
  const { time, by, address, records } = tombstone
  const from = address === '' ? '' : ` from ${address}`
  return new KeytrailError(
    'KEY_DESTROYED',
    `key ${key} was destroyed at ${formatInstant(time)} by ${by}${from}, and ${counted(records, 'record')} with it`,
  )
}
