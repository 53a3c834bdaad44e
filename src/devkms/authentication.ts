import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import type { Account } from './account.ts'
import { gatewayFailure } from './failure.ts'
import type { Key } from './key.ts'
import type { RouteAuth } from './routes.ts'
import { type SignatureVersion, sameSignature, sign, signatureHeaders } from './signature.ts'
import type { TokenUse } from './token.ts'
import { authenticateToken } from './token-generator.ts'

/** The gateway takes a timestamp within 5 minutes of its own clock (NAVER Cloud API, request headers). */
const timestampWindowMs = 300_000

/** Who may ask, and how that is found out. */
export interface AuthenticationRules {
  readonly accounts: readonly Account[]
  /** Judge a token's address by the last X-Forwarded-For entry, where there is one, not by the socket. */
  readonly trustForwardedFor: boolean
}

/** The account that asks; fails with the gateway's Authentication Failed or Forbidden. `key` is null for none. */
export async function authenticate(
  rules: AuthenticationRules,
  request: IncomingMessage,
  demand: { readonly auth: RouteAuth; readonly key: Key | null; readonly now: number },
): Promise<string> {
  const token = header(request, 'x-ncp-ocapi-token')
  switch (demand.auth) {
    case 'refresh-token':
      return byToken(rules, request, { ...demand, token, use: 'refresh' })
    case 'signature-v2-or-access-token':
      if (token !== '') return byToken(rules, request, { ...demand, token, use: 'access' })
      break
    default:
      // A token beside a signature would leave two answers to the question who asked.
      if (token !== '') throw gatewayFailure('authentication-failed')
  }
  return bySignature(rules, request, demand.auth === 'signature-v1' ? 1 : 2, demand.now)
}

interface TokenDemand {
  readonly token: string
  readonly use: TokenUse
  readonly key: Key | null
  readonly now: number
}

async function byToken(
  rules: AuthenticationRules,
  request: IncomingMessage,
  demand: TokenDemand,
): Promise<string> {
  const { key, token, use, now } = demand
  const signed = header(request, 'x-ncp-iam-access-key') !== ''
  const accountId = key === null || signed ? null : await authenticateToken(key, token, use, now)
  if (key === null || accountId === null) throw gatewayFailure('authentication-failed')
  if (key.isAclEnabled && !key.allowedAddresses.has(addressOf(rules, request)))
    throw gatewayFailure('forbidden')
  return accountId
}

function bySignature(
  rules: AuthenticationRules,
  request: IncomingMessage,
  version: SignatureVersion,
  now: number,
): string {
  const timestamp = header(request, 'x-ncp-apigw-timestamp')
  const accessKey = header(request, 'x-ncp-iam-access-key')
  const account = rules.accounts.find((candidate) => candidate.accessKey === accessKey)
  if (account === undefined || !isCurrent(timestamp, now)) throw gatewayFailure('authentication-failed')
  const expected = sign(account.secretKey, {
    method: request.method ?? '',
    target: request.url ?? '',
    timestamp,
    accessKey,
    apiKey: version === 1 ? header(request, 'x-ncp-apigw-api-key') : '',
  })
  if (!sameSignature(expected, header(request, signatureHeaders[version]))) {
    throw gatewayFailure('authentication-failed')
  }
  return account.accountId
}

function isCurrent(timestamp: string, now: number): boolean {
  return /^[0-9]{1,15}$/.test(timestamp) && Math.abs(Number(timestamp) - now) <= timestampWindowMs
}

/** A header's one value; '' where it is absent. Two lines of it are nobody's: the request is refused. */
function header(request: IncomingMessage, name: string): string {
  const values = request.headersDistinct[name] ?? []
  if (values.length > 1) throw gatewayFailure('authentication-failed')
  return values[0] ?? ''
}

/** The client's IPv4 address, also where the socket shows it mapped into IPv6. */
function addressOf(rules: AuthenticationRules, request: IncomingMessage): string {
  const forwarded = request.headersDistinct['x-forwarded-for']?.at(-1)?.split(',').at(-1)?.trim() ?? ''
  if (rules.trustForwardedFor && forwarded !== '') return forwarded
  const address = request.socket.remoteAddress ?? ''
  const mapped = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : ''
  return isIPv4(mapped) ? mapped : address
}
