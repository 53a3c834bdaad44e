import { randomBytes } from 'node:crypto'

/** A development account. All accounts share one tenant: each may do everything with every key. */
export interface Account {
  readonly accountId: string
  /** Not confidential: it goes over the wire with every signed request. */
  readonly accessKey: string
  readonly secretKey: string
}

const accountIds = ['billing-service', 'payment-worker', 'security-admin']

/** Three accounts with keys made for this start only, so that none can end up in a real configuration. */
export function generateAccounts(): readonly Account[] {
  return accountIds.map((accountId) => ({
    accountId,
    accessKey: `ncp_iam_${randomBytes(15).toString('hex')}`,
    secretKey: randomBytes(30).toString('base64url'),
  }))
}
