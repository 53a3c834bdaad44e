import { createHash, timingSafeEqual } from 'node:crypto'
import { KeytrailError } from '../errors.ts'
import { type Access, createAccess, EVERYBODY, type Grant } from './access.ts'
import { createJwtVerifier, type JwtTrust } from './jwt.ts'
import { HistoryProblem } from './problem.ts'

/** A static bearer token: only its SHA-256 is known here. */
export interface HistoryToken extends Grant {
  /** SHA-256 of the token's bytes, hex. */
  readonly sha256: string
}

/** A client certificate, known by its subject. */
export interface HistoryCertificate extends Grant {
  /** RFC 4514, as records show it. */
  readonly subject: string
}

/** Who may read histories; `none` is refused unless the listener is bound to loopback. */
export type HistoryAuth =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'tokens'
      readonly tokens: readonly HistoryToken[]
      readonly jwt?: JwtTrust
      readonly certificates?: readonly HistoryCertificate[]
    }

/**
 * Finds the access that an Authorization header grants, or without one the verified client certificate's subject.
 * Throws `UNAUTHENTICATED`, or `JWKS_UNAVAILABLE` where the keys to judge by can't be had.
 */
type Authenticate = (authorization: string | undefined, subject: string) => Promise<Access>

/** Compiles `auth` once. Throws `CONFIG_INVALID` for a hash that is none. */
export function createAuthenticate(auth: HistoryAuth, clock: () => number): Authenticate {
  if (auth.kind === 'none') return async () => EVERYBODY
  const known = auth.tokens.map((token) => ({ hash: parseHash(token), access: createAccess(token) }))
  const verifyJwt = auth.jwt === undefined ? null : createJwtVerifier(auth.jwt, clock)
  const certified = new Map(auth.certificates?.map((one) => [one.subject, createAccess(one)]))
  return async (authorization, subject) => {
    const byCertificate = authorization === undefined ? certified.get(subject) : undefined
    if (byCertificate !== undefined) return byCertificate
    const presented = bearerToken(authorization)
    if (presented === null) throw unauthenticated('expected a bearer token, found none', '')
    const access = findToken(known, presented) ?? (await verifyJwt?.(presented)) ?? null
    if (access === null) throw unauthenticated('the bearer token is not accepted', ', error="invalid_token"')
    return access
  }
}

interface KnownToken {
  readonly hash: Buffer
  readonly access: Access
}

/** Compares with every entry, match or not, so that time tells nothing about which one came close. */
function findToken(known: readonly KnownToken[], presented: string): Access | null {
  const hash = createHash('sha256').update(presented).digest()
  let found: Access | null = null
  for (const token of known) {
    if (timingSafeEqual(token.hash, hash)) found = token.access
  }
  return found
}

function parseHash(token: HistoryToken): Buffer {
  if (/^[0-9a-f]{64}$/i.test(token.sha256)) return Buffer.from(token.sha256, 'hex')
  const found = `${token.sha256.length} characters`
  throw new KeytrailError(
    'CONFIG_INVALID',
    `token ${JSON.stringify(token.name)}: expected sha256 as 64 hex digits, found ${found}`,
  )
}

/** RFC 6750 2.1; the scheme's case does not matter (RFC 9110 11.1). */
function bearerToken(authorization: string | undefined): string | null {
  const match = /^bearer +([\w\-.~+/]+=*) *$/i.exec(authorization ?? '')
  return match?.[1] ?? null
}

/** RFC 6750 3: a request without a token is told no error code. */
function unauthenticated(detail: string, attributes: string): HistoryProblem {
  const headers = { 'www-authenticate': `Bearer realm="keytrail"${attributes}` }
  return new HistoryProblem('UNAUTHENTICATED', detail, { headers })
}
