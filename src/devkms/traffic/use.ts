import { randomBase64, type Session, type Step } from './session.ts'

/** Encrypts one plaintext and decrypts it again. */
const encryptAndDecrypt: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.aes, as: nextAccount() }
  const context = randomBase64(9)
  const encrypted = await sender.send('encrypt', { ...ask, fields: { plaintext: randomBase64(48), context } })
  await sender.send('decrypt', { ...ask, fields: { ciphertext: encrypted.text('ciphertext'), context } })
}

/** Encrypts several plaintexts in one request. */
const encryptMany: Step = async ({ sender, keys, nextAccount }) => {
  const plaintext = [randomBase64(20), randomBase64(200), randomBase64(2000)]
  await sender.send('encrypt', { key: keys.aes, as: nextAccount(), fields: { plaintext } })
}

/** Encrypts the same thing twice with a convergent key. */
const encryptConvergent: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.convergent, as: nextAccount() }
  const fields = { plaintext: randomBase64(16), context: randomBase64(12) }
  const { context } = fields
  await sender.send('encrypt', { ...ask, fields })
  const encrypted = await sender.send('encrypt', { ...ask, channel: 'console', fields })
  await sender.send('decrypt', { ...ask, fields: { ciphertext: encrypted.text('ciphertext'), context } })
}

/** Fetches a data key, and the same encrypted once more under the newest version. */
const createDataKey: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.aes, as: nextAccount() }
  const made = await sender.send('create-custom-key', {
    ...ask,
    fields: { requestPlainKey: true, bits: 256 },
  })
  await sender.send('re-encrypt', { ...ask, fields: { ciphertext: made.text('ciphertext') } })
}

const signAndVerify: Step = async (session) => {
  await signAndVerifyWith(session, session.keys.ecdsa)
  await signAndVerifyWith(session, session.keys.rsa)
}

/** Encrypts with an RSA key, for which a client may also want the public part. */
const encryptWithRsa: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.rsa, as: nextAccount() }
  await sender.send('get-public-key', { ...ask, channel: 'console', fields: { keyVersion: 1 } })
  const encrypted = await sender.send('encrypt', { ...ask, fields: { plaintext: randomBase64(32) } })
  await sender.send('decrypt', { ...ask, fields: { ciphertext: encrypted.text('ciphertext') } })
}

/** Encrypts and signs through both stages of API 1.0. */
const useLegacyApi: Step = async ({ sender, keys, nextAccount }) => {
  for (const stage of ['v1', 'v2'] as const) {
    const ask = { key: keys.aes, as: nextAccount() }
    const encrypted = await sender.sendLegacy(stage, 'encrypt', {
      ...ask,
      fields: { plaintext: randomBase64(24) },
    })
    const fields = { ciphertext: encrypted.text('ciphertext') }
    await sender.sendLegacy(stage, 'decrypt', { ...ask, fields })
    await sender.sendLegacy(stage, 're-encrypt', { ...ask, fields })
    await sender.sendLegacy(stage, 'create-custom-key', { ...ask, fields: { bits: 512 } })
    const data = randomBase64(40)
    const signed = await sender.sendLegacy(stage, 'sign', { ...ask, key: keys.ecdsa, fields: { data } })
    const signature = signed.text('signature')
    await sender.sendLegacy(stage, 'verify', { ...ask, key: keys.ecdsa, fields: { data, signature } })
  }
}

async function signAndVerifyWith({ sender, nextAccount }: Session, key: string): Promise<void> {
  const ask = { key, as: nextAccount() }
  const data = randomBase64(64)
  const signed = await sender.send('sign', { ...ask, fields: { data } })
  await sender.send('verify', { ...ask, fields: { data, signature: signed.text('signature') } })
}

/** Everyday use of keys. */
export const useSteps: readonly Step[] = [
  encryptAndDecrypt,
  encryptMany,
  encryptConvergent,
  createDataKey,
  signAndVerify,
  encryptWithRsa,
  useLegacyApi,
]
