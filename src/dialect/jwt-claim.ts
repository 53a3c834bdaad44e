import { lookUp } from './pointer.ts'

/** Longest payload that is looked into, in characters of base64url: 8 KB. */
const longestPayload = 8192

/**
 * The first of `claims` that a token's payload holds as a text; '' for none, and for a token that is no JWT
 * (RFC 7519). Nothing is verified: until the upstream accepts the token, it is only a claim.
 */
export function readClaim(token: string, claims: readonly string[]): string {
  const start = token.indexOf('.') + 1
  const end = token.indexOf('.', start)
  if (start === 0 || end < 0 || end - start > longestPayload) return ''
  const payload = Buffer.from(token.slice(start, end), 'base64url').toString('utf8')
  if (!payload.startsWith('{')) return ''
  try {
    const document: unknown = JSON.parse(payload)
    for (const claim of claims) {
      const value = lookUp(document, [claim])
      if (typeof value === 'string' && value !== '') return value
    }
  } catch {
    // Tokens need not be JWTs.
  }
  return ''
}
