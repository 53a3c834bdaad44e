import { isIPv4 } from 'node:net'
import type { Call } from './call.ts'
import { serviceFailure } from './failure.ts'
import type { Fields } from './field.ts'
import { type Key, requireStatus } from './key.ts'

/** Most addresses in one key's list; the real bound is not documented. */
const addressLimit = 1000

export function handleGetAcl(key: Key): object {
  return { keyTag: key.keyTag, isAclEnabled: key.isAclEnabled, allowedIpList: [...key.allowedAddresses] }
}

export function handleAddAcl(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  const addresses = addressesOf(fields)
  if (key.allowedAddresses.size + addresses.length > addressLimit) {
    throw serviceFailure('INVALID_PARAMETER', `the list takes at most ${addressLimit} addresses`)
  }
  for (const address of addresses) key.allowedAddresses.add(address)
  return { keyTag: key.keyTag, allowedIpList: [...key.allowedAddresses] }
}

/** A DELETE with a JSON body; addresses that are not in the list are passed over. */
export function handleRemoveAcl(key: Key, { fields }: Call): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  for (const address of addressesOf(fields)) key.allowedAddresses.delete(address)
  return { keyTag: key.keyTag, allowedIpList: [...key.allowedAddresses] }
}

/** From now on tokens work from the listed addresses only; from none while the list is empty. */
export function handleEnableAcl(key: Key): object {
  return switchAcl(key, 'on')
}

export function handleDisableAcl(key: Key): object {
  return switchAcl(key, 'off')
}

function switchAcl(key: Key, to: 'on' | 'off'): object {
  requireStatus(key, 'ENABLE', 'DISABLE')
  key.isAclEnabled = to === 'on'
  return { keyTag: key.keyTag, isAclEnabled: key.isAclEnabled }
}

function addressesOf({ ipList }: Fields): readonly string[] {
  if (
    Array.isArray(ipList) &&
    ipList.length > 0 &&
    ipList.length <= addressLimit &&
    ipList.every(isAddress)
  ) {
    return ipList
  }
  throw serviceFailure(
    'INVALID_PARAMETER',
    `expected ipList as an array of 1 to ${addressLimit} IPv4 addresses`,
  )
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && isIPv4(value)
}
