import type { Database, Environment } from './environment.ts'
import { boundedTime, LATEST, storedKey } from './layout.ts'

/** Who a token acts for, or which key another name of it stands for: kept until it expires. */
export interface Credential {
  /** Keyed hash of the token, or of the name, 32 bytes. */
  readonly hash: Buffer
  /** Unix ms; a token without end has {@link NEVER}. */
  readonly expires: number
  /** The requester whose request had the token issued; of a name, the key's full one. */
  readonly issuer: string
  /** The key it was issued for, or stands for: with that, or with its token generator, it goes. */
  readonly key: string
}

/** Expiry of a token without end. */
export const NEVER = LATEST

const EXPIRY_PREFIX = 'x'.charCodeAt(0)
const TOKEN_PREFIX = 't'.charCodeAt(0)
const KEY_PREFIX = 'k'.charCodeAt(0)
const ISSUER_OFFSET = 8
const PRESENT = Buffer.from([1])

/** Keeps the credential, a timer for its end and its place among those of its key. Needs a transaction. */
export function keepCredential(
  { credentials }: Environment,
  { hash, expires, issuer, key: named }: Credential,
): void {
  const key = storedKey(named)
  const end = boundedTime(expires)
  const name = Buffer.from(issuer)
  const value = Buffer.concat([Buffer.alloc(ISSUER_OFFSET), name, Buffer.from(key)])
  value.writeUIntBE(end, 0, 6)
  value.writeUInt16BE(name.length, 6)
  forget(credentials, hash)
  credentials.put(tokenKey(hash), value)
  credentials.put(keyKey(key, hash), PRESENT)
  if (end !== NEVER) credentials.put(expiryKey(end, hash), PRESENT)
}

/** The credential with this keyed hash; null where it is not known or has expired at `now`. */
export function credentialOf(credentials: Database, hash: Buffer, now: number): Credential | null {
  const value = credentials.get(tokenKey(hash))
  if (value === undefined) return null
  const expires = value.readUIntBE(0, 6)
  if (expires <= now) return null
  const keyOffset = ISSUER_OFFSET + value.readUInt16BE(6)
  const issuer = value.toString('utf8', ISSUER_OFFSET, keyOffset)
  return { hash, expires, issuer, key: value.toString('utf8', keyOffset) }
}

/** Removes at most `limit` credentials that have expired at `now`. Needs a transaction. */
export function forgetExpiredCredentials({ credentials }: Environment, now: number, limit: number): void {
  for (const key of [...credentials.keys({ ...expiredAt(now), limit })]) {
    forget(credentials, Buffer.from(key).subarray(7))
  }
}

/** Removes the credentials of every token that was issued for `key`. Needs a transaction. */
export function forgetCredentialsOf({ credentials }: Environment, key: string): void {
  const start = keyKey(key, Buffer.alloc(0))
  const end = keyKey(key, Buffer.alloc(33, 0xff))
  for (const found of [...credentials.keys({ start, end })]) {
    forget(credentials, Buffer.from(found).subarray(start.length))
  }
}

function forget(credentials: Database, hash: Buffer): void {
  const value = credentials.get(tokenKey(hash))
  if (value === undefined) return
  const end = value.readUIntBE(0, 6)
  const key = value.toString('utf8', ISSUER_OFFSET + value.readUInt16BE(6))
  credentials.remove(tokenKey(hash))
  credentials.remove(keyKey(key, hash))
  if (end !== NEVER) credentials.remove(expiryKey(end, hash))
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

/** The key's length first, so that no key's entries stand among those of another. */
function keyKey(key: string, hash: Buffer): Buffer {
  const bytes = Buffer.from(key)
  const prefix = Buffer.from([KEY_PREFIX, bytes.length >> 8, bytes.length & 0xff])
  return Buffer.concat([prefix, bytes, hash])
}
