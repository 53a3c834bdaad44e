import { randomBytes } from 'node:crypto'
import { randomBase64, type Step } from './session.ts'

/** Sends a ciphertext that this key never made. */
const decryptWrongCiphertext: Step = async ({ sender, keys, nextAccount }) => {
  const ciphertext = `ncpkms:v1:${randomBase64(60)}`
  await sender.send('decrypt', { key: keys.aes, as: nextAccount(), fields: { ciphertext } })
}

const useDisabledKey: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.spare, as: nextAccount() }
  await sender.send('disable-key', { ...ask, channel: 'console' })
  await sender.send('encrypt', { ...ask, fields: { plaintext: randomBase64(21) } })
  await sender.send('enable-key', { ...ask, channel: 'console' })
}

/** Signs with a secret that is not the account's. */
const signBadly: Step = async ({ sender, keys, nextAccount }) => {
  const as = { ...nextAccount(), secretKey: randomBase64(30) }
  await sender.send('encrypt', { key: keys.aes, as, fields: { plaintext: randomBase64(21) } })
  await sender.sendLegacy('v1', 'encrypt', { key: keys.aes, as, fields: { plaintext: randomBase64(21) } })
}

const nameUnknownKey: Step = async ({ sender, nextAccount }) => {
  const key = randomBytes(26).toString('hex')
  await sender.send('key-info', { key, as: nextAccount(), channel: 'console' })
  await sender.send('encrypt', { key, as: nextAccount(), fields: { plaintext: randomBase64(21) } })
}

/** Deletes a key whose deletion nobody requested, creates one with an impossible name, signs with an AES key. */
const askTheImpossible: Step = async ({ sender, keys, nextAccount }) => {
  const as = nextAccount()
  await sender.send('delete-key', { key: keys.aes, as, channel: 'console' })
  await sender.send('create-key', { as, channel: 'console', fields: { keyName: 'x', keyType: 'AES256' } })
  await sender.send('sign', { key: keys.aes, as, fields: { data: randomBase64(21) } })
}

/** Requests that are refused. */
export const refusedSteps: readonly Step[] = [
  decryptWrongCiphertext,
  useDisabledKey,
  signBadly,
  nameUnknownKey,
  askTheImpossible,
]
