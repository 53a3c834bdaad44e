import { randomBytes } from 'node:crypto'
import type { Call } from './call.ts'
import { decrypt, encrypt } from './cipher.ts'
import { exportPublicKey, signData, verifyData } from './data-signature.ts'
import { serviceFailure } from './failure.ts'
import {
  base64Field,
  choiceField,
  decodeBase64,
  type Fields,
  flagField,
  numberField,
  optionalBase64Field,
  textField,
} from './field.ts'
import { type Key, requireStatus } from './key.ts'
import { versionLimit } from './rotation.ts'

/** Documented limits, in bytes: plaintext 32 KB, data to sign 8 KB, context 50. */
const longestPlaintext = 32 * 1024
const longestData = 8 * 1024
const longestContext = 50

/** A ciphertext or signature: base64 of the longest plaintext with nonce, tag and prefix, and room to spare. */
const longestVersionedText = 64 * 1024

/** Most plaintexts in one request; the real bound is not documented. */
const batchLimit = 100

/** Encrypts one plaintext or an array of them. */
export function handleEncrypt(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE')
  const context = contextOf(fields)
  const { plaintext } = fields
  if (!Array.isArray(plaintext)) {
    return { ciphertext: encrypt(key, base64Field(fields, 'plaintext', longestPlaintext), context) }
  }
  if (plaintext.length === 0 || plaintext.length > batchLimit) {
    throw serviceFailure('INVALID_PARAMETER', `expected plaintext as an array of 1 to ${batchLimit} strings`)
  }
  const decoded = plaintext.map((item: unknown) => decodeBase64(item, 'plaintext', longestPlaintext))
  return { ciphertext: decoded.map((item) => encrypt(key, item, context)) }
}

export function handleDecrypt(key: Key, { fields }: Call): object {
  return { plaintext: decryptField(key, fields).toString('base64') }
}

/** Decrypts with the version that encrypted, and encrypts with the newest; the plaintext stays inside. */
export function handleReEncrypt(key: Key, { fields }: Call): object {
  return { ciphertext: encrypt(key, decryptField(key, fields), contextOf(fields)) }
}

/** Makes a data key of 128, 256 or 512 bits, encrypted and, if asked for, also plain. */
export function handleCreateCustomKey(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE')
  const plain = flagField(fields, 'requestPlainKey', false)
  const made = randomBytes(choiceField(fields, 'bits', [256, 128, 512]) / 8)
  const ciphertext = encrypt(key, made, contextOf(fields))
  return plain ? { ciphertext, plaintext: made.toString('base64') } : { ciphertext }
}

export function handleSign(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE')
  return { signature: signData(key, base64Field(fields, 'data', longestData)) }
}

export function handleVerify(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE')
  const data = base64Field(fields, 'data', longestData)
  return { isValid: verifyData(key, data, textField(fields, 'signature', longestVersionedText)) }
}

/** The public key of `keyVersion`; without one, of the newest version. */
export function handleGetPublicKey(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE')
  const rule = { least: 1, most: versionLimit, fallback: key.versions.length }
  const keyVersion = numberField(fields, 'keyVersion', rule)
  return { keyVersion, publicKey: exportPublicKey(key, keyVersion) }
}

function decryptField(key: Key, fields: Fields): Buffer {
  requireStatus(key, 'ENABLE')
  return decrypt(key, textField(fields, 'ciphertext', longestVersionedText), contextOf(fields))
}

function contextOf(fields: Fields): Buffer {
  return optionalBase64Field(fields, 'context', longestContext)
}
