import { serviceFailure } from './failure.ts'
import { type Key, requireStatus } from './key.ts'
import { generateMaterial, type Material } from './material.ts'

/** Versions a key can have (guide page kms-info). */
export const versionLimit = 100

const dayMs = 86_400_000

/** Gives the key a new version. Fails with KEY_VERSION_LIMIT_EXCEEDED or INVALID_KEY_STATE. */
export async function rotate(key: Key, now: number): Promise<void> {
  const material = await generateMaterial(key.keyType)
  // Judged after the wait: another rotation or a request for deletion may have come first.
  requireStatus(key, 'ENABLE', 'DISABLE')
  if (key.versions.length >= versionLimit) {
    throw serviceFailure('KEY_VERSION_LIMIT_EXCEEDED', `a key has at most ${versionLimit} versions`)
  }
  addVersion(key, material, now)
}

/** Sets the date of the next automatic rotation as the key's settings ask, counted from `now`. */
export function scheduleRotation(key: Key, now: number): void {
  key.nextRotationDate = key.isAutoRotation ? now + key.rotationPeriod * dayMs : null
}

/** Carries out an automatic rotation that is due; disabled keys rotate too (guide page kms-status). */
export async function rotateIfDue(key: Key, now: number): Promise<void> {
  if (key.nextRotationDate === null || key.nextRotationDate > now || !mayRotate(key)) return
  // Before the wait, so that a second request does not rotate the key again.
  scheduleRotation(key, now)
  const material = await generateMaterial(key.keyType)
  if (mayRotate(key)) addVersion(key, material, now)
}

function mayRotate(key: Key): boolean {
  return key.status !== 'REVOKE' && key.versions.length < versionLimit
}

function addVersion(key: Key, material: Material, now: number): void {
  key.versions.push({ version: key.versions.length + 1, material, enabled: true, registerDate: now })
  scheduleRotation(key, now)
}
