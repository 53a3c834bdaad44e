import { randomBytes } from 'node:crypto'
import type { Account } from '../account.ts'
import type { Sender } from './sender.ts'

/** The keys that the traffic is about, by their part in it; each is a key tag. */
export interface KeySet {
  readonly aes: string
  readonly convergent: string
  readonly rsa: string
  readonly ecdsa: string
  /** Gets a new version now and then, and is replaced when it can have no more. */
  readonly rotating: string
  /** The one that is disabled, renamed, nearly deleted. */
  readonly spare: string
}

/** What a step of the traffic works with. */
export interface Session {
  readonly sender: Sender
  keys: KeySet
  /** Takes turns among the accounts. */
  nextAccount(): Account
  /** A token of the key that was issued to the account and has expired. */
  expiredToken(keyTag: string, accountId: string): Promise<string>
}

/** One small piece of the traffic: a few requests that belong together. Never fails. */
export type Step = (session: Session) => Promise<void>

/** Base64 of so many random bytes. */
export function randomBase64(length: number): string {
  return randomBytes(length).toString('base64')
}

/** Creates the keys of the traffic, and a token generator; null where one could not be created. */
export async function createKeys(session: Omit<Session, 'keys'>): Promise<KeySet | null> {
  const { sender } = session
  const owner = session.nextAccount()
  const create = async (fields: Readonly<Record<string, unknown>>) =>
    (await sender.send('create-key', { as: owner, channel: 'console', fields })).text('keyTag')
  const keys: KeySet = {
    aes: await create({ keyName: 'orders', keyType: 'AES256', memo: 'encrypts orders' }),
    convergent: await create({ keyName: 'customer-ids', keyType: 'AES256', isConvergent: true }),
    rsa: await create({ keyName: 'partners', keyType: 'RSA2048' }),
    ecdsa: await create({ keyName: 'receipts', keyType: 'ECDSA' }),
    rotating: await create({ keyName: 'sessions', keyType: 'AES256', protectionType: 'COMMON_HSM' }),
    spare: await create({ keyName: 'spare', keyType: 'AES256', isAutoRotation: true, rotationPeriod: 30 }),
  }
  if (Object.values(keys).includes('')) return null
  const made = await sender.send('create-token-generator', { key: keys.aes, as: owner, channel: 'console' })
  return made.outcome === 'success' ? keys : null
}
