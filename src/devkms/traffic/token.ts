import type { Account } from '../account.ts'
import { randomBase64, type Step } from './session.ts'

/** Has tokens issued, uses them, and has more issued by the refresh token. */
const useTokens: Step = async ({ sender, keys, nextAccount }) => {
  const issuer = nextAccount()
  const key = keys.aes
  await sender.send('get-token-generator', { key, as: issuer, channel: 'console' })
  const fields = { accessTokenHours: 1, refreshTokenHours: 'UL' }
  const set = await sender.send('create-token-set', { key, as: issuer, fields })
  const access = bearer(set.text('accessToken'), issuer)
  const refresh = bearer(set.text('refreshToken'), issuer)

  const encrypted = await sender.send('encrypt', { key, as: access, fields: { plaintext: randomBase64(33) } })
  await sender.send('decrypt', { key, as: access, fields: { ciphertext: encrypted.text('ciphertext') } })
  const more = await sender.send('create-access-token', { key, as: refresh, fields: { accessTokenHours: 2 } })
  const second = bearer(more.text('accessToken'), issuer)
  await sender.send('create-custom-key', { key, as: second, fields: { bits: 128 } })
  const renewed = await sender.send('renew-token-set', { key, as: refresh, fields: {} })
  const third = bearer(renewed.text('accessToken'), issuer)
  await sender.send('encrypt', {
    key,
    as: third,
    fields: { plaintext: [randomBase64(10), randomBase64(10)] },
  })
}

/** Uses tokens that are no good: expired, of another key, of a generator that was replaced, not for this purpose. */
const useBadTokens: Step = async (session) => {
  const { sender, keys } = session
  const issuer = session.nextAccount()
  const fields = { plaintext: randomBase64(33) }
  const expired = await session.expiredToken(keys.aes, issuer.accountId)
  await sender.send('encrypt', { key: keys.aes, as: bearer(expired, issuer), fields })

  const ask = { key: keys.spare, as: issuer, channel: 'console' } as const
  await sender.send('create-token-generator', ask)
  const set = await sender.send('create-token-set', { ...ask, fields: {} })
  const access = bearer(set.text('accessToken'), issuer)
  await sender.send('encrypt', { key: keys.spare, as: access, fields })
  await sender.send('encrypt', { key: keys.aes, as: access, fields })
  await sender.send('renew-token-set', { key: keys.spare, as: access, fields: {} })
  await sender.send('replace-token-generator', ask)
  await sender.send('encrypt', { key: keys.spare, as: access, fields })
  await sender.send('delete-token-generator', ask)
}

function bearer(token: string, { accountId }: Account): { token: string; accountId: string } {
  return { token, accountId }
}

/** Requests with tokens. */
export const tokenSteps: readonly Step[] = [useTokens, useBadTokens]
