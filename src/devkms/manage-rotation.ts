import type { Call } from './call.ts'
import { serviceFailure } from './failure.ts'
import { type NumberRule, numberField } from './field.ts'
import { findVersion, type Key, type KeyVersion, newestVersion, requireStatus } from './key.ts'
import { rotate, scheduleRotation } from './rotation.ts'

/** Days between two automatic rotations. */
export const rotationPeriodRule: NumberRule = { least: 1, most: 730, fallback: 90 }

export async function handleRotate(key: Key, { now }: Call): Promise<object> {
  await rotate(key, now)
  return { keyTag: key.keyTag, currentVersion: key.versions.length }
}

export function handleEnableAutoRotation(key: Key, { now }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  key.isAutoRotation = true
  return rescheduled(key, now)
}

export function handleDisableAutoRotation(key: Key, { now }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  key.isAutoRotation = false
  return rescheduled(key, now)
}

export function handleUpdateRotationPeriod(key: Key, { fields, now }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  const { rotationPeriod = null } = fields
  if (rotationPeriod === null) {
    throw serviceFailure('INVALID_PARAMETER', 'expected rotationPeriod as a number of days')
  }
  key.rotationPeriod = numberField(fields, 'rotationPeriod', rotationPeriodRule)
  return rescheduled(key, now)
}

/** Every version, newest first. */
export function handleListVersions(key: Key): object {
  return { keyTag: key.keyTag, versionList: key.versions.map(describe).reverse() }
}

export function handleEnableVersion(key: Key, { version }: Call): object {
  return switchVersion(key, version, 'ENABLE')
}

/** The newest version can not be disabled: it is the one that encrypts. */
export function handleDisableVersion(key: Key, { version }: Call): object {
  return switchVersion(key, version, 'DISABLE')
}

function switchVersion(key: Key, text: string, status: 'ENABLE' | 'DISABLE'): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  const version = findVersion(key, Number(text))
  if (status === 'DISABLE' && version === newestVersion(key)) {
    throw serviceFailure(
      'INVALID_KEY_VERSION_STATE',
      'the newest version can not be disabled: rotate the key first',
    )
  }
  version.enabled = status === 'ENABLE'
  return { keyTag: key.keyTag, ...describe(version) }
}

function rescheduled(key: Key, now: number): object {
  scheduleRotation(key, now)
  const { keyTag, isAutoRotation, rotationPeriod, nextRotationDate } = key
  return { keyTag, isAutoRotation, rotationPeriod, nextRotationDate }
}

function describe({ version, enabled, registerDate }: KeyVersion): object {
  return { version, status: enabled ? 'ENABLE' : 'DISABLE', registerDate }
}
