import { KeytrailError } from '../errors.ts'

const WAY_OUT =
  'restore a backup of the whole data directory, or save what can be read with keytrail repair --to DIR'

/** A place of the journal that a start can't go on from; `what` says what was expected and what was found. */
export function journalDamage(path: string, offset: number, what: string): KeytrailError {
  return new KeytrailError('STORE_DAMAGED', `journal ${path} at byte ${offset}: ${what}; ${WAY_OUT}`)
}

/** Something of the journal that should be there is not, or belongs to another store. */
export function journalMismatch(path: string, what: string): KeytrailError {
  return new KeytrailError('STORE_DAMAGED', `journal ${path}: ${what}; ${WAY_OUT}`)
}

/** The store's file and its journal are not of the same time. */
export function rolledBack(path: string, what: string): KeytrailError {
  return new KeytrailError('STORE_ROLLED_BACK', `store ${path}: ${what}; ${WAY_OUT}`)
}
