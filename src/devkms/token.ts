import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'

export type TokenUse = 'access' | 'refresh'

/** What a token says. The real service's claim names are not documented. */
export interface TokenClaims {
  /** `iss`: the account that had the token issued, and whose rights it carries. */
  readonly accountId: string
  /** `sub`. */
  readonly keyTag: string
  readonly use: TokenUse
  /** `iat`, Unix ms. */
  readonly issuedAt: number
  /** `exp`, Unix ms; null for a token without end. */
  readonly expiresAt: number | null
}

/** A JWT (RFC 7519) signed with HS256. */
export function signToken(secret: Uint8Array, claims: TokenClaims): Promise<string> {
  const token = new SignJWT({ use: claims.use })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(claims.accountId)
    .setSubject(claims.keyTag)
    .setJti(randomUUID())
    .setIssuedAt(Math.floor(claims.issuedAt / 1000))
  if (claims.expiresAt !== null) token.setExpirationTime(Math.floor(claims.expiresAt / 1000))
  return token.sign(secret)
}

/** What a good token is good for. */
export interface TokenDemand {
  readonly keyTag: string
  readonly use: TokenUse
  /** Unix ms. */
  readonly now: number
}

/** The account a good token was issued to; null for one that is expired, altered, or meant for something else. */
export async function verifyToken(
  secret: Uint8Array,
  token: string,
  demand: TokenDemand,
): Promise<string | null> {
  try {
    const {
      payload: { iss = null, use },
    } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      subject: demand.keyTag,
      requiredClaims: ['iss'],
      currentDate: new Date(demand.now),
    })
    return use === demand.use ? iss : null
  } catch {
    return null
  }
}
