import type { Call } from './call.ts'
import { serviceFailure } from './failure.ts'
import { choiceField, type Fields, flagField, numberField, numberParameter, textField } from './field.ts'
import { changeStatus, type Key, requireStatus } from './key.ts'
import { rotationPeriodRule } from './manage-rotation.ts'
import { keyTypes } from './material.ts'

const pageRules = {
  pageNo: { least: 1, most: 1_000_000, fallback: 1 },
  pageSize: { least: 1, most: 200, fallback: 100 },
} as const

const longestMemo = 100

/** A page of the key list. */
export function handleListKeys({ store, query }: Call): object {
  const currentPageNo = numberParameter(query, 'pageNo', pageRules.pageNo)
  const pageSize = numberParameter(query, 'pageSize', pageRules.pageSize)
  const keys = store.list()
  return {
    KeyList: keys.slice((currentPageNo - 1) * pageSize, currentPageNo * pageSize).map(describe),
    currentPageNo,
    totalPageNo: Math.ceil(keys.length / pageSize),
    totalCount: keys.length,
  }
}

export async function handleCreateKey({ store, fields }: Call): Promise<object> {
  const keyType = choiceField(fields, 'keyType', keyTypes)
  const isConvergent = flagField(fields, 'isConvergent', false)
  if (isConvergent && keyType !== 'AES256') {
    throw serviceFailure('INVALID_PARAMETER', 'only an AES256 key can be convergent')
  }
  const key = await store.create({
    keyName: keyNameOf(fields),
    keyType,
    protectionType: choiceField(fields, 'protectionType', ['BASIC', 'COMMON_HSM']),
    isConvergent,
    isAutoRotation: flagField(fields, 'isAutoRotation', false),
    rotationPeriod: numberField(fields, 'rotationPeriod', rotationPeriodRule),
    memo: memoOf(fields),
  })
  return describe(key)
}

export function handleKeyInfo(key: Key): object {
  return describe(key)
}

export function handleEnableKey(key: Key, { now }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  changeStatus(key, 'ENABLE', now)
  return statusOf(key)
}

export function handleDisableKey(key: Key, { now }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  changeStatus(key, 'DISABLE', now)
  return statusOf(key)
}

/** The key goes 72 hours from now, unless that is cancelled. */
export function handleRequestDeletion(key: Key, { store }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  store.scheduleDeletion(key)
  return statusOf(key)
}

/** A key that was to be deleted is disabled afterwards, not enabled. */
export function handleCancelDeletion(key: Key, { now }: Call): object {
  requireStatus(key, 'REVOKE')
  changeStatus(key, 'DISABLE', now)
  return statusOf(key)
}

/** Deletes a key whose deletion was requested, without waiting for the rest of the 72 hours. */
export function handleDeleteKey(key: Key, { store }: Call): null {
  requireStatus(key, 'REVOKE')
  store.delete(key)
  return null
}

export function handleUpdateName(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  key.keyName = keyNameOf(fields)
  return { keyTag: key.keyTag, keyName: key.keyName }
}

export function handleUpdateMemo(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  key.memo = memoOf(fields)
  return { keyTag: key.keyTag, memo: key.memo }
}

/** The key as the service shows it; nothing in it is confidential. */
function describe(key: Key): object {
  return {
    keyId: key.keyId,
    keyTag: key.keyTag,
    keyName: key.keyName,
    keyType: key.keyType,
    status: key.status,
    keystoreId: 'development',
    currentVersion: key.versions.length,
    protectionType: key.protectionType,
    memo: key.memo,
    isConvergent: key.isConvergent,
    isAutoRotation: key.isAutoRotation,
    rotationPeriod: key.rotationPeriod,
    nextRotationDate: key.nextRotationDate,
    registerDate: key.registerDate,
  }
}

function statusOf(key: Key): object {
  return { keyTag: key.keyTag, status: key.status, statusDate: key.statusDate }
}

function keyNameOf(fields: Fields): string {
  const name = textField(fields, 'keyName', 15)
  if (name.length < 3) throw serviceFailure('INVALID_PARAMETER', 'expected keyName as 3 to 15 characters')
  return name
}

function memoOf(fields: Fields): string {
  const { memo = '' } = fields
  return memo === '' ? '' : textField(fields, 'memo', longestMemo)
}
