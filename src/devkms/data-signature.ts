import { constants, sign, verify } from 'node:crypto'
import { serviceFailure } from './failure.ts'
import { findUsableVersion, type Key, newestVersion } from './key.ts'
import { formatVersioned, parseVersioned } from './versioned-text.ts'

/** RFC 8017 8.1, with the salt as long as the digest; ignored for ECDSA. */
const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const

/** Signs the SHA-256 of `data` with the newest version. Fails with UNSUPPORTED_KEY_TYPE for an AES key. */
export function signData(key: Key, data: Buffer): string {
  const { version, material } = newestVersion(key)
  if (material.kind === 'AES256') throw encryptsOnly()
  return formatVersioned(version, sign('sha256', data, { key: material.privateKey, ...pss }))
}

/** Whether `signature` is one that {@link signData} could have made of `data`. Fails like it, and for its version. */
export function verifyData(key: Key, data: Buffer, signature: string): boolean {
  if (key.keyType === 'AES256') throw encryptsOnly()
  const parsed = parseVersioned(signature)
  if (parsed === null) return false
  const { material } = findUsableVersion(key, parsed.version)
  if (material.kind === 'AES256') throw encryptsOnly()
  return verify('sha256', data, { key: material.publicKey, ...pss }, parsed.bytes)
}

/** The public key of `version`, PEM (SubjectPublicKeyInfo). Fails with UNSUPPORTED_KEY_TYPE for an AES key. */
export function exportPublicKey(key: Key, version: number): string {
  const { material } = findUsableVersion(key, version)
  if (material.kind === 'AES256')
    throw serviceFailure('UNSUPPORTED_KEY_TYPE', 'an AES key has no public part')
  return material.publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

function encryptsOnly() {
  return serviceFailure('UNSUPPORTED_KEY_TYPE', 'an AES key encrypts and decrypts; it can not sign')
}
