import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** AES-256-GCM with a 96-bit nonce (the service's "AES256 GCM96"): nonce, ciphertext and tag in one. */
const nonceLength = 12
const tagLength = 16

/** Encrypts under a random nonce; `context` (may be empty) is authenticated with it. */
export function seal(secret: KeyObject, plaintext: Buffer, context: Buffer): Buffer {
  return sealWith(secret, randomBytes(nonceLength), plaintext, context)
}

/** Reverses {@link seal}; throws where the bytes, the key or the context are not the ones it was made with. */
export function open(secret: KeyObject | Buffer, sealed: Buffer, context: Buffer): Buffer {
  const nonce = sealed.subarray(0, nonceLength)
  const tag = sealed.subarray(-tagLength)
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagLength })
  decipher.setAAD(context)
  decipher.setAuthTag(tag)
  return Buffer.concat([decipher.update(sealed.subarray(nonceLength, -tagLength)), decipher.final()])
}

/**
 * Encrypts so that the same plaintext in the same context gives the same ciphertext: the context derives the key
 * (HKDF, RFC 5869), and the nonce is a MAC of the plaintext, so no nonce is used for two plaintexts.
 */
export function sealConvergent(secret: KeyObject, plaintext: Buffer, context: Buffer): Buffer {
  const { sealing, naming } = deriveConvergent(secret, context)
  const nonce = createHmac('sha256', naming).update(plaintext).digest().subarray(0, nonceLength)
  return sealWith(sealing, nonce, plaintext, context)
}

/** Reverses {@link sealConvergent}; throws like {@link open}. */
export function openConvergent(secret: KeyObject, sealed: Buffer, context: Buffer): Buffer {
  return open(deriveConvergent(secret, context).sealing, sealed, context)
}

function sealWith(secret: KeyObject | Buffer, nonce: Buffer, plaintext: Buffer, context: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagLength })
  cipher.setAAD(context)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function deriveConvergent(secret: KeyObject, context: Buffer): { sealing: Buffer; naming: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', secret, '', context, 64))
  return { sealing: derived.subarray(0, 32), naming: derived.subarray(32) }
}
