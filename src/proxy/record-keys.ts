import type { Operation } from '../dialect/dialect.ts'
import type { AuditRecord } from '../record.ts'
import type { KeyEffect } from '../recorder/entry.ts'
import { type Ending, keyEffect } from './outcome.ts'

/** The key whose ring the record goes to; a request that names its second key only is that one's. */
export function mainKey(ending: Ending, { key, otherKey }: Operation): string {
  return isAmbiguous(ending) ? '' : ending.key || key || ending.otherKey || otherKey
}

/** What the ending means for the rings of the record's key and of the operation's second one. */
export function recordEffect(ending: Ending, operation: Operation, { key, time }: AuditRecord): KeyEffect {
  const otherKey = isAmbiguous(ending) ? '' : ending.otherKey || operation.otherKey
  return keyEffect(ending, key, otherKey === key ? '' : otherKey, time)
}

/** Refused because it could be read in two ways: which key it is for, too, is not certain enough for a key's ring. */
function isAmbiguous({ outcome, status, reason }: Ending): boolean {
  return outcome === 'failure' && status === 400 && reason !== ''
}
