import { literalPrefix, matchesGlob } from './glob.ts'

/** `read`: see histories; `manage`: change how a key is recorded (its log-analytics switch). */
export type Right = 'read' | 'manage'

/** What the sender of one request may do. */
export interface Access {
  /** For the log: the token's name or the JWT's subject. */
  readonly name: string
  readonly rights: readonly Right[]
  /** Globs of key ids; see {@link matchesGlob}. */
  readonly keys: readonly string[]
}

/** Without authentication (loopback only) everybody may do everything. */
export const EVERYBODY: Access = { name: 'anonymous', rights: ['read', 'manage'], keys: ['*'] }

/** Whether `access` reaches this key. */
export function reachesKey(access: Access, key: string): boolean {
  return access.keys.some((glob) => matchesGlob(glob, key))
}

/** Whether `access` reaches every key, and with them what belongs to none. */
export function reachesEverything(access: Access): boolean {
  return access.keys.includes('*')
}

/** What every key that `access` reaches starts with; lets a listing seek instead of scan. */
export function sharedPrefix(access: Access): string {
  const [first = '', ...others] = access.keys.map(literalPrefix)
  let length = first.length
  for (const other of others) {
    let same = 0
    while (same < length && first.charCodeAt(same) === other.charCodeAt(same)) same++
    length = same
  }
  return first.slice(0, length)
}
