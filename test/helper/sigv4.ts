import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { RawRequest } from './raw-http-server.ts'

/**
 * Verifies the AWS Signature Version 4 of a request over exactly what was received
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). Returns the access
 * key; throws where anything is missing or another byte was signed.
 */
export function verifySigV4(request: RawRequest, secrets: Readonly<Record<string, string>>): string {
  const { accessKey, scope, signedHeaders, signature } = parseAuthorization(one(request, 'authorization'))
  const secret = secrets[accessKey]
  if (secret === undefined) throw new Error(`no access key ${accessKey}`)
  for (const name of ['host', 'x-amz-date', 'x-amz-target', 'content-length']) {
    if (!signedHeaders.includes(name)) throw new Error(`${name} is not signed`)
  }
  const canonical = canonicalRequest(request, signedHeaders)
  const toSign = ['AWS4-HMAC-SHA256', one(request, 'x-amz-date'), scope.join('/'), sha256(canonical)].join(
    '\n',
  )
  const [date = '', region = '', service = '', end = ''] = scope
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [date, region, service, end]) key = hmac(key, part)
  const expected = hmac(key, toSign)
  const found = Buffer.from(signature, 'hex')
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new Error(`another request was signed than received:\n${canonical}`)
  }
  return accessKey
}

interface Authorization {
  readonly accessKey: string
  /** Date, region, service, `aws4_request`. */
  readonly scope: readonly string[]
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

function parseAuthorization(value: string): Authorization {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(.+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      value,
    )
  if (found === null) throw new Error(`expected an AWS4-HMAC-SHA256 authorization, found ${value}`)
  const [, accessKey = '', scope = '', headers = '', signature = ''] = found
  return { accessKey, scope: scope.split('/'), signedHeaders: headers.split(';'), signature }
}

/** KMS requests have neither query nor a path but `/`: whatever else came is signed as it came. */
function canonicalRequest(request: RawRequest, signedHeaders: readonly string[]): string {
  const [path = '', query = ''] = request.target.split('?')
  const headers = signedHeaders.map((name) => `${name}:${one(request, name).replace(/ +/g, ' ')}\n`)
  return [request.method, path, query, headers.join(''), signedHeaders.join(';'), sha256(request.body)].join(
    '\n',
  )
}

/** The value of a header that must be there exactly once. */
function one({ headers }: RawRequest, wanted: string): string {
  const found = headers.filter(([name]) => name.toLowerCase() === wanted)
  if (found.length !== 1) throw new Error(`expected one ${wanted}, found ${found.length}`)
  return found[0]?.[1] ?? ''
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
