import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { KeytrailError } from '../errors.ts'
import { HistoryProblem } from './problem.ts'

const CIPHER = 'aes-256-gcm'
const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + NONCE_BYTES
const LEAST_KEY_BYTES = 16

/** Longest cursor that is looked at, in characters: a key id of 1,024 bytes fits. */
export const MAX_CURSOR_LENGTH = 2048

/**
 * Opaque positions in a listing. A cursor is authenticated, so it can't be altered; bound to `scope` (the
 * listing and its filters), so it can't be used elsewhere; and encrypted, because a position may be the id of
 * a key which its holder may not see.
 */
export interface Cursors {
  seal(scope: string, position: string): string
  /** Throws `CURSOR_INVALID` for whatever {@link Cursors.seal} did not return for this very scope. */
  open(scope: string, cursor: string): string
}

/**
 * Cursors under `secret` (at least 16 random bytes). Nonces are random: NIST SP 800-38D 8.3 allows 2^32 of
 * them under one key.
 */
export function createCursors(secret: Uint8Array): Cursors {
  if (secret.length < LEAST_KEY_BYTES) {
    throw new KeytrailError('CONFIG_INVALID', `a cursor key needs 16 bytes or more, found ${secret.length}`)
  }
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'keytrail history cursor', 32))
  return {
    seal(scope, position) {
      const head = Buffer.concat([Buffer.of(VERSION), randomBytes(NONCE_BYTES)])
      const cipher = createCipheriv(CIPHER, key, head.subarray(1)).setAAD(Buffer.from(scope))
      const body = Buffer.concat([cipher.update(position, 'utf8'), cipher.final()])
      return Buffer.concat([head, body, cipher.getAuthTag()]).toString('base64url')
    },
    open(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      // Node skips what is not base64url: only the one spelling that was handed out counts.
      if (bytes.toString('base64url') !== cursor) throw invalidCursor()
      if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw invalidCursor()
      return decrypt(key, scope, bytes)
    },
  }
}

function decrypt(key: Buffer, scope: string, bytes: Buffer): string {
  const tagStart = bytes.length - TAG_BYTES
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(1, HEAD_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(scope)).setAuthTag(bytes.subarray(tagStart))
  try {
    return decipher.update(bytes.subarray(HEAD_BYTES, tagStart), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    throw invalidCursor()
  }
}

function invalidCursor(): HistoryProblem {
  const detail = 'expected the nextCursor of an answer to this same query; start again without a cursor'
  return new HistoryProblem('CURSOR_INVALID', detail)
}
