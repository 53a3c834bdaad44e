import { compileGlob } from '../key-glob.ts'

/** `read`: see histories; `manage`: change how a key is recorded (its log-analytics switch). */
export type Right = 'read' | 'manage'

/** What the sender of one request may do. */
export interface Access {
  /** For the log: the token's name or the JWT's subject. */
  readonly name: string
  readonly rights: readonly Right[]
  /** Whether a key of this id is within reach. */
  readonly reaches: (key: string) => boolean
  /** Whether every key is within reach, and with them what belongs to none. */
  readonly reachesAll: boolean
  /** What every key within reach starts with; lets a listing seek instead of scan. */
  readonly prefix: string
}

/** What a caller is granted by configuration or claims; `keys` are globs of key ids. */
export interface Grant {
  readonly name: string
  readonly rights: readonly Right[]
  readonly keys: readonly string[]
}

/** Compiles a grant; one without globs reaches no key. */
export function createAccess({ name, rights, keys }: Grant): Access {
  const globs = keys.map(compileGlob)
  return {
    name,
    rights,
    reaches: (key) => globs.some((matches) => matches(key)),
    reachesAll: keys.includes('*'),
    prefix: sharedPrefix(keys.map(literalPrefix)),
  }
}

/** Without authentication (loopback only) everybody may do everything. */
export const EVERYBODY: Access = createAccess({ name: 'anonymous', rights: ['read', 'manage'], keys: ['*'] })

/** A glob up to its first wildcard. */
function literalPrefix(glob: string): string {
  const wildcards = [glob.indexOf('*'), glob.indexOf('?')].filter((at) => at !== -1)
  return glob.slice(0, Math.min(glob.length, ...wildcards))
}

function sharedPrefix([first = '', ...others]: readonly string[]): string {
  let length = first.length
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--
  }
  return first.slice(0, length)
}
