import type { Database, Environment } from './environment.ts'
import { boundedTime, LATEST } from './layout.ts'

/** Who a token acts for: kept until it expires. */
export interface Credential {
  /** Keyed hash of the token, 32 bytes. */
  readonly hash: Buffer
  /** Unix ms; a token without end has {@link NEVER}. */
  readonly expires: number
  /** The requester whose request had the token issued. */
  readonly issuer: string
}

/** Expiry of a token without end. */
export const NEVER = LATEST

const EXPIRY_PREFIX = 'x'.charCodeAt(0)
const TOKEN_PREFIX = 't'.charCodeAt(0)

/** Keeps the credential and a timer for its end. Needs a transaction. */
export function keepCredential({ credentials }: Environment, { hash, expires, issuer }: Credential): void {
  const end = boundedTime(expires)
  const value = Buffer.alloc(6 + Buffer.byteLength(issuer))
  value.writeUIntBE(end, 0, 6)
  value.write(issuer, 6)
  credentials.put(tokenKey(hash), value)
  if (end !== NEVER) credentials.put(expiryKey(end, hash), Buffer.from([1]))
}

/** The issuer of the token with this keyed hash; null where it is not known or has expired at `now`. */
export function issuerOf(credentials: Database, hash: Buffer, now: number): string | null {
  const value = credentials.get(tokenKey(hash))
  if (value === undefined || value.readUIntBE(0, 6) <= now) return null
  return value.toString('utf8', 6)
}

/** Removes at most `limit` credentials that have expired at `now`. Needs a transaction. */
export function forgetExpiredCredentials({ credentials }: Environment, now: number, limit: number): void {
  for (const key of [...credentials.keys({ ...expiredAt(now), limit })]) {
    const hash = Buffer.from(key).subarray(7)
    const stored = credentials.get(tokenKey(hash))
    if (stored !== undefined && stored.readUIntBE(0, 6) <= now) credentials.remove(tokenKey(hash))
    credentials.remove(key)
  }
}

/** Whether {@link forgetExpiredCredentials} would find one. */
export function hasExpiredCredential(credentials: Database, now: number): boolean {
  for (const _ of credentials.keys({ ...expiredAt(now), limit: 1 })) return true
  return false
}

/** Bounds of the timers that have run out at `now`, that very millisecond included. */
function expiredAt(now: number): { start: Buffer; end: Buffer } {
  const none = Buffer.alloc(0)
  return { start: expiryKey(0, none), end: expiryKey(now + 1, none) }
}

function tokenKey(hash: Buffer): Buffer {
  return Buffer.concat([Buffer.from([TOKEN_PREFIX]), hash])
}

function expiryKey(expires: number, hash: Buffer): Buffer {
  const key = Buffer.alloc(7 + hash.length)
  key[0] = EXPIRY_PREFIX
  key.writeUIntBE(boundedTime(expires), 1, 6)
  hash.copy(key, 7)
  return key
}
