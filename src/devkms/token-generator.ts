import { randomBytes, randomUUID } from 'node:crypto'
import { serviceFailure } from './failure.ts'
import type { Key, TokenGenerator } from './key.ts'
import { signToken, type TokenUse, verifyToken } from './token.ts'

/** A token to be issued. */
export interface TokenOrder {
  readonly accountId: string
  readonly use: TokenUse
  /** In ms, negative for a token that is expired from the start; null for one without end. */
  readonly lifetimeMs: number | null
}

/** Activates a generator. Fails with TOKEN_GENERATOR_ACTIVE where the key has one. */
export function createGenerator(key: Key, now: number): TokenGenerator {
  if (key.tokenGenerator !== null && key.tokenGenerator.secret !== null) {
    throw serviceFailure(
      'TOKEN_GENERATOR_ACTIVE',
      'the key has an active token generator: replace or delete it',
    )
  }
  const generator: TokenGenerator = {
    tokenGeneratorId: randomUUID(),
    secret: randomBytes(32),
    enabledDate: now,
    disabledDate: null,
    issuedTokenCount: 0,
  }
  key.tokenGenerator = generator
  return generator
}

/** Discards the generator, and with its secret every token it issued. Fails with TOKEN_GENERATOR_INACTIVE. */
export function discardGenerator(key: Key, now: number): void {
  const { generator } = requireActive(key)
  generator.secret = null
  generator.disabledDate = now
}

/** Issues a token of the key. Fails with TOKEN_GENERATOR_INACTIVE. */
export function issueToken(key: Key, order: TokenOrder, now: number): Promise<string> {
  const { generator, secret } = requireActive(key)
  generator.issuedTokenCount += 1
  return signToken(secret, {
    accountId: order.accountId,
    keyTag: key.keyTag,
    use: order.use,
    issuedAt: now,
    expiresAt: order.lifetimeMs === null ? null : now + order.lifetimeMs,
  })
}

/** The account behind a token of this key; null for a token that is not good for `use` now. */
export async function authenticateToken(
  key: Key,
  token: string,
  use: TokenUse,
  now: number,
): Promise<string | null> {
  const secret = key.tokenGenerator?.secret ?? null
  return secret === null ? null : verifyToken(secret, token, { keyTag: key.keyTag, use, now })
}

function requireActive(key: Key): { readonly generator: TokenGenerator; readonly secret: Uint8Array } {
  const generator = key.tokenGenerator
  const secret = generator?.secret ?? null
  if (generator === null || secret === null) {
    throw serviceFailure(
      'TOKEN_GENERATOR_INACTIVE',
      'the key has no active token generator: create one first',
    )
  }
  return { generator, secret }
}
