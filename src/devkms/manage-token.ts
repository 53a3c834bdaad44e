import type { Call } from './call.ts'
import { serviceFailure } from './failure.ts'
import { type Fields, numberField } from './field.ts'
import { type Key, requireStatus, type TokenGenerator } from './key.ts'
import type { TokenUse } from './token.ts'
import { createGenerator, discardGenerator, issueToken, type TokenOrder } from './token-generator.ts'

/** Documented lifetimes: 1 hour to 2 years, or "UL" for no end; 3 and 90 days unless asked for. */
const lifetimeRules = {
  access: { name: 'accessTokenHours', least: 1, most: 17_520, fallback: 72 },
  refresh: { name: 'refreshTokenHours', least: 1, most: 17_520, fallback: 2160 },
} as const

const hourMs = 3_600_000

export function handleCreateTokenGenerator(key: Key, { now }: Call): object {
  requireStatus(key, 'ENABLE')
  return describe(createGenerator(key, now))
}

export function handleGetTokenGenerator(key: Key): object {
  if (key.tokenGenerator === null) {
    throw serviceFailure('TOKEN_GENERATOR_INACTIVE', 'the key has never had a token generator: create one')
  }
  return describe(key.tokenGenerator)
}

/** All tokens of the old generator are dead at once. */
export function handleReplaceTokenGenerator(key: Key, { now }: Call): null {
  requireStatus(key, 'ENABLE')
  discardGenerator(key, now)
  createGenerator(key, now)
  return null
}

export function handleDeleteTokenGenerator(key: Key, { now }: Call): null {
  requireStatus(key, 'ENABLE', 'DISABLE')
  discardGenerator(key, now)
  return null
}

/** A new access and refresh token; tokens that were issued before stay good. */
export async function handleCreateTokenSet(key: Key, { accountId, fields, now }: Call): Promise<object> {
  requireStatus(key, 'ENABLE')
  const orders = [orderOf(fields, accountId, 'refresh'), orderOf(fields, accountId, 'access')]
  const [refreshToken, accessToken] = await Promise.all(orders.map((order) => issueToken(key, order, now)))
  return { refreshToken, accessToken }
}

export async function handleCreateAccessToken(key: Key, { accountId, fields, now }: Call): Promise<object> {
  requireStatus(key, 'ENABLE')
  return { accessToken: await issueToken(key, orderOf(fields, accountId, 'access'), now) }
}

function orderOf(fields: Fields, accountId: string, use: TokenUse): TokenOrder {
  return { accountId, use, lifetimeMs: lifetimeOf(fields, use) }
}

function lifetimeOf(fields: Fields, use: TokenUse): number | null {
  const rule = lifetimeRules[use]
  return fields[rule.name] === 'UL' ? null : numberField(fields, rule.name, rule) * hourMs
}

function describe(generator: TokenGenerator): object {
  const { tokenGeneratorId, secret, enabledDate, disabledDate, issuedTokenCount } = generator
  return {
    tokenGeneratorId,
    status: secret === null ? 'INACTIVE' : 'ACTIVE',
    enabledDate,
    disabledDate,
    issuedTokenCount,
  }
}
