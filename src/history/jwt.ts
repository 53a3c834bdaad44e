import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { KeytrailError } from '../errors.ts'
import { type Access, createAccess, type Right } from './access.ts'
import { HistoryProblem } from './problem.ts'

/** Whose JWTs are accepted. */
export interface JwtTrust {
  /** The key set itself, or its URL (https; http from loopback only). */
  readonly jwks: string | JSONWebKeySet
  readonly issuer: string
  readonly audience: string
}

/** Public-key signatures only: a shared secret in a key set would let its readers mint tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Seconds that the issuer's clock may be off. */
const CLOCK_TOLERANCE = 30

/** Most globs taken from one token, and most characters of each. */
const MAX_GLOBS = 64
const MAX_GLOB_LENGTH = 256

/**
 * Verifies JWTs (RFC 7519): signature, issuer, audience, `exp` (required) and `nbf`. Rights and key globs
 * come from the claims `keytrail_rights` and `keytrail_keys`: each a list of strings or one string with
 * spaces between; what is absent grants nothing. The function resolves to null for a token that is not
 * valid and throws `JWKS_UNAVAILABLE` while the key set can't be fetched.
 */
export function createJwtVerifier(
  trust: JwtTrust,
  clock: () => number,
): (token: string) => Promise<Access | null> {
  const keys = keySet(trust.jwks)
  return async (token) => {
    const checks = {
      issuer: trust.issuer,
      audience: trust.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(clock()),
    }
    try {
      return claimedAccess((await jwtVerify(token, keys, checks)).payload)
    } catch (error) {
      if (typeof trust.jwks === 'string' && isUnavailable(error)) {
        throw new HistoryProblem('JWKS_UNAVAILABLE', 'the key set that verifies JWTs could not be fetched')
      }
      return null
    }
  }
}

function keySet(jwks: string | JSONWebKeySet): JWTVerifyGetKey {
  if (typeof jwks !== 'string') return createLocalJWKSet(jwks)
  const url = URL.canParse(jwks) ? new URL(jwks) : null
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))) {
    const found = JSON.stringify(jwks)
    throw new KeytrailError(
      'CONFIG_INVALID',
      `jwks: expected an https URL (or http on loopback), found ${found}`,
    )
  }
  return createRemoteJWKSet(url)
}

/** What fetch throws is no JOSEError; a plain one is jose's word for an answer that was not 200 with JSON. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true
  return !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC'
}

function claimedAccess(payload: JWTPayload): Access {
  const { sub, keytrail_rights: rights, keytrail_keys: keys } = payload
  return createAccess({
    name: typeof sub === 'string' ? sub.slice(0, MAX_GLOB_LENGTH) : 'jwt',
    rights: claimedWords(rights).filter(isRight),
    keys: claimedWords(keys)
      .slice(0, MAX_GLOBS)
      .filter((glob) => glob.length <= MAX_GLOB_LENGTH),
  })
}

function claimedWords(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '')
  if (Array.isArray(claim)) return claim.filter((word) => typeof word === 'string')
  return []
}

function isRight(word: string): word is Right {
  return word === 'read' || word === 'manage'
}
