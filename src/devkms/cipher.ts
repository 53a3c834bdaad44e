import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { open, openConvergent, seal, sealConvergent } from './aes.ts'
import { serviceFailure } from './failure.ts'
import { findUsableVersion, type Key, newestVersion } from './key.ts'
import type { Material } from './material.ts'
import { formatVersioned, parseVersioned } from './versioned-text.ts'

/** Longest plaintext of a key type, in bytes; 190 is what OAEP with SHA-256 leaves of 2048 bits. */
const plaintextLimits = { AES256: 32 * 1024, RSA2048: 190 } as const

/** RFC 8017 7.1. */
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const

/**
 * Encrypts with the key's newest version; `context` is empty where none was given. Fails with INVALID_PARAMETER
 * or UNSUPPORTED_KEY_TYPE.
 */
export function encrypt(key: Key, plaintext: Buffer, context: Buffer): string {
  requireContext(key, context)
  const { version, material } = newestVersion(key)
  if (material.kind === 'ECDSA') throw signsOnly()
  if (plaintext.length > plaintextLimits[material.kind]) {
    throw serviceFailure(
      'INVALID_PARAMETER',
      `expected at most ${plaintextLimits[material.kind]} bytes of plaintext`,
    )
  }
  return formatVersioned(version, encryptBytes(key, material, plaintext, context))
}

/**
 * Decrypts what {@link encrypt} made. Fails with INVALID_CIPHERTEXT for whatever this key and context did not make,
 * with INVALID_KEY_VERSION_STATE where its version is disabled.
 */
export function decrypt(key: Key, ciphertext: string, context: Buffer): Buffer {
  if (key.keyType === 'ECDSA') throw signsOnly()
  requireContext(key, context)
  const parsed = parseVersioned(ciphertext)
  if (parsed === null) throw notOurs()
  const { material } = findUsableVersion(key, parsed.version)
  try {
    return decryptBytes(key, material, parsed.bytes, context)
  } catch {
    // One answer for every reason: which of them it was helps only a forger.
    throw notOurs()
  }
}

function encryptBytes(key: Key, material: Material, plaintext: Buffer, context: Buffer): Buffer {
  switch (material.kind) {
    case 'AES256':
      return (key.isConvergent ? sealConvergent : seal)(material.secret, plaintext, context)
    case 'RSA2048':
      return publicEncrypt({ key: material.publicKey, ...oaep, oaepLabel: context }, plaintext)
    case 'ECDSA':
      throw signsOnly()
  }
}

function decryptBytes(key: Key, material: Material, sealed: Buffer, context: Buffer): Buffer {
  switch (material.kind) {
    case 'AES256':
      return (key.isConvergent ? openConvergent : open)(material.secret, sealed, context)
    case 'RSA2048':
      return privateDecrypt({ key: material.privateKey, ...oaep, oaepLabel: context }, sealed)
    case 'ECDSA':
      throw signsOnly()
  }
}

function requireContext(key: Key, context: Buffer): void {
  if (key.isConvergent && context.length === 0) {
    throw serviceFailure('INVALID_PARAMETER', 'a convergent key needs a context')
  }
}

function signsOnly() {
  return serviceFailure('UNSUPPORTED_KEY_TYPE', 'an ECDSA key signs and verifies; it can not encrypt')
}

function notOurs() {
  return serviceFailure('INVALID_CIPHERTEXT', 'the ciphertext was not made by this key in this context')
}
