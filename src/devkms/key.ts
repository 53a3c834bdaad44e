import { serviceFailure } from './failure.ts'
import type { KeyType, Material } from './material.ts'

/** `REVOKE`: its deletion has been requested. */
export type KeyStatus = 'ENABLE' | 'DISABLE' | 'REVOKE'

export interface KeyVersion {
  /** From 1 to 100. */
  readonly version: number
  readonly material: Material
  enabled: boolean
  /** Unix ms. */
  readonly registerDate: number
}

/** What signs a key's tokens. Discarding it discards its secret, so that no token of it verifies again. */
export interface TokenGenerator {
  readonly tokenGeneratorId: string
  /** null once it was discarded. */
  secret: Uint8Array | null
  /** Unix ms. */
  readonly enabledDate: number
  /** Unix ms; null while it is active. */
  disabledDate: number | null
  issuedTokenCount: number
}

/** A key and all that belongs to it. Times are Unix ms. */
export interface Key {
  readonly keyId: string
  /** The public name of the key in every path. */
  readonly keyTag: string
  readonly keyType: KeyType
  readonly protectionType: string
  readonly isConvergent: boolean
  readonly registerDate: number
  keyName: string
  memo: string
  status: KeyStatus
  statusDate: number
  /** When the pending deletion is carried out; null unless `status` is `REVOKE`. */
  deletionDate: number | null
  isAutoRotation: boolean
  /** Days, 1 to 730. */
  rotationPeriod: number
  /** null while automatic rotation is off. */
  nextRotationDate: number | null
  /** In order, version 1 first; never empty. */
  readonly versions: KeyVersion[]
  isAclEnabled: boolean
  /** IPv4 addresses that may use tokens while the list is on. */
  readonly allowedAddresses: Set<string>
  tokenGenerator: TokenGenerator | null
}

/** The version new ciphertexts and signatures are made with. */
export function newestVersion(key: Key): KeyVersion {
  const newest = key.versions.at(-1)
  if (newest === undefined) throw new TypeError('a key has at least one version')
  return newest
}

/** The version called `version`, enabled or not; fails with KEY_VERSION_NOT_FOUND. */
export function findVersion(key: Key, version: number): KeyVersion {
  const found = key.versions[version - 1]
  if (found === undefined) {
    throw serviceFailure('KEY_VERSION_NOT_FOUND', `expected a version from 1 to ${key.versions.length}`)
  }
  return found
}

/** Like {@link findVersion}, but fails with INVALID_KEY_VERSION_STATE where the version is disabled. */
export function findUsableVersion(key: Key, version: number): KeyVersion {
  const found = findVersion(key, version)
  if (!found.enabled) {
    throw serviceFailure('INVALID_KEY_VERSION_STATE', `version ${version} is disabled: enable it first`)
  }
  return found
}

/** Fails with INVALID_KEY_STATE unless the key is in one of `allowed`. */
export function requireStatus(key: Key, ...allowed: readonly KeyStatus[]): void {
  if (allowed.includes(key.status)) return
  throw serviceFailure(
    'INVALID_KEY_STATE',
    `expected the key in ${allowed.join(' or ')}, found ${key.status}`,
  )
}

/** Puts the key into `status` at `now`; a deletion that was pending is pending no longer. */
export function changeStatus(key: Key, status: KeyStatus, now: number): void {
  key.status = status
  key.statusDate = now
  key.deletionDate = null
}
