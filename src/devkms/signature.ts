import { createHmac, timingSafeEqual } from 'node:crypto'

/** What an account signature covers. Host, other headers and the body are not covered. */
export interface SignedParts {
  readonly method: string
  /** Path and query exactly as they go over the wire; never re-encoded. */
  readonly target: string
  /** Unix ms, as written in the header. */
  readonly timestamp: string
  readonly accessKey: string
  /** The API Gateway key of signature v1; '' where none is sent. */
  readonly apiKey: string
}

/** The header that carries the signature of each version. */
export const signatureHeaders = {
  1: 'x-ncp-apigw-signature-v1',
  2: 'x-ncp-apigw-signature-v2',
} as const

export type SignatureVersion = keyof typeof signatureHeaders

/**
 * Base64 HMAC-SHA256 over NAVER's string to sign. With an API Gateway key this is the long form of signature v1;
 * without one, v1 and v2 are the same (ncloud-sdk-go-v2, hmac/hmac.go).
 */
export function sign(secretKey: string, parts: SignedParts): string {
  const gateway = parts.apiKey === '' ? '' : `${parts.apiKey}\n`
  const text = `${parts.method} ${parts.target}\n${parts.timestamp}\n${gateway}${parts.accessKey}`
  return createHmac('sha256', secretKey).update(text, 'latin1').digest('base64')
}

/** Compares two signatures in constant time; only their length may show. */
export function sameSignature(expected: string, given: string): boolean {
  const left = Buffer.from(expected, 'latin1')
  const right = Buffer.from(given, 'latin1')
  return left.length === right.length && timingSafeEqual(left, right)
}
