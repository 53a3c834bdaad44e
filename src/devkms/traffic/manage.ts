import { randomBase64, type Step } from './session.ts'

/** Looks around as someone at the console would. */
const browse: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { as: nextAccount(), channel: 'console' } as const
  await sender.send('list-keys', { ...ask, query: '?pageNo=1&pageSize=20' })
  await sender.send('key-info', { ...ask, key: keys.aes })
  await sender.send('list-versions', { ...ask, key: keys.rotating })
  await sender.send('activities', { ...ask, key: keys.aes, query: '?pageSize=10&keyword=' })
  await sender.send('last-use-info', { ...ask, key: keys.aes })
}

/** Changes what can be changed about a key, by console and by API. */
const adjust: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.spare, as: nextAccount(), channel: 'console' } as const
  await sender.send('update-name', { ...ask, fields: { keyName: `spare-${randomBase64(3)}` } })
  await sender.send('update-memo', { ...ask, fields: { memo: 'nobody uses this one' } })
  await sender.send('disable-auto-rotation', { ...ask, channel: 'api' })
  await sender.send('update-rotation-period', { ...ask, fields: { rotationPeriod: 60 } })
  await sender.send('enable-auto-rotation', { ...ask, channel: 'api' })
}

/** Rotates a key; what it encrypted before is encrypted again, and the old version set aside for a moment. */
const rotate: Step = async (session) => {
  const { sender, nextAccount } = session
  const ask = { key: session.keys.rotating, as: nextAccount() }
  const old = await sender.send('encrypt', { ...ask, fields: { plaintext: randomBase64(30) } })
  const rotated = await sender.send('rotate', { ...ask, channel: 'console' })
  await sender.send('re-encrypt', { ...ask, fields: { ciphertext: old.text('ciphertext') } })
  const { currentVersion = 2 } = rotated.data
  const version = Number(currentVersion) - 1
  await sender.send('disable-version', { ...ask, version, channel: 'console' })
  await sender.send('decrypt', { ...ask, fields: { ciphertext: old.text('ciphertext') } })
  await sender.send('enable-version', { ...ask, version, channel: 'console' })
  if (rotated.outcome === 'failure') await replaceRotating(session)
}

const guardByAddress: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.spare, as: nextAccount(), channel: 'console' } as const
  const fields = { ipList: ['127.0.0.1', '192.0.2.10'] }
  await sender.send('add-acl', { ...ask, fields })
  await sender.send('enable-acl', ask)
  await sender.send('get-acl', ask)
  await sender.send('disable-acl', ask)
  await sender.send('remove-acl', { ...ask, fields })
}

/** Asks for a key's deletion and thinks better of it. */
const reconsiderDeletion: Step = async ({ sender, keys, nextAccount }) => {
  const ask = { key: keys.spare, as: nextAccount(), channel: 'console' } as const
  await sender.send('request-deletion', ask)
  await sender.send('cancel-deletion', ask)
  await sender.send('enable-key', ask)
}

/** A key that is created, used and deleted for good. */
const liveShortly: Step = async ({ sender, nextAccount }) => {
  const as = nextAccount()
  const created = await sender.send('create-key', {
    as,
    fields: { keyName: 'short-lived', keyType: 'AES256' },
  })
  const key = created.text('keyTag')
  if (key === '') return
  await sender.send('encrypt', { key, as, fields: { plaintext: randomBase64(16) } })
  await sender.send('request-deletion', { key, as, channel: 'console' })
  await sender.send('delete-key', { key, as, channel: 'console' })
}

/** A key has at most 100 versions: the worn one is deleted for good, and another takes its place. */
const replaceRotating: Step = async (session) => {
  const { sender, keys } = session
  const ask = { as: session.nextAccount(), channel: 'console' } as const
  const created = await sender.send('create-key', {
    ...ask,
    fields: { keyName: 'sessions', keyType: 'AES256' },
  })
  if (created.outcome !== 'success') return
  session.keys = { ...keys, rotating: created.text('keyTag') }
  await sender.send('request-deletion', { ...ask, key: keys.rotating })
  await sender.send('delete-key', { ...ask, key: keys.rotating })
}

/** What people do to keys. */
export const manageSteps: readonly Step[] = [
  browse,
  rotate,
  adjust,
  guardByAddress,
  reconsiderDeletion,
  liveShortly,
]
