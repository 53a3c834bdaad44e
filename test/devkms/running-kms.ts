import { request } from 'node:http'
import type { Test } from 'tap'
import type { Account } from '../../src/devkms/account.ts'
import { type DevKms, type DevKmsOptions, startDevKms } from '../../src/devkms/server.ts'
import { type SignatureVersion, sign, signatureHeaders } from '../../src/devkms/signature.ts'

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: { readonly code?: string; readonly msg?: string; readonly data: Data; readonly error?: Data }
}

/** Answers are looked at field by field, as a client of an untyped API does. */
export interface Data extends Readonly<Record<string, unknown>> {
  readonly keyTag?: unknown
  readonly keyVersion?: unknown
  readonly publicKey?: unknown
  readonly currentVersion?: unknown
  readonly totalCount?: unknown
  readonly tokenGeneratorId?: unknown
  readonly accessToken?: unknown
  readonly refreshToken?: unknown
}

export interface RawCall {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: unknown
}

export interface RunningKms {
  readonly kms: DevKms
  readonly account: Account
  readonly clock: { now: number }
  /** Sends a request as it is; a string or buffer as body goes out unchanged. */
  raw(call: RawCall): Promise<Response>
  /** Sends a request signed (v2) by the first account. */
  signed(method: string, target: string, body?: unknown): Promise<Response>
  /** Sends a request with a token. */
  bearing(token: string, method: string, target: string, body?: unknown): Promise<Response>
  /** Creates a key and gives its path, `/kms/v1/keys/{keyTag}`. */
  createKey(fields?: Data): Promise<string>
}

/** Starts a development key API that ends with the test; its clock stands still until a test moves it. */
export async function runKms(t: Test, options: Partial<DevKmsOptions> = {}): Promise<RunningKms> {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const kms = await startDevKms({ clock: () => clock.now, ...options })
  t.teardown(() => kms.close())
  const [account] = kms.accounts
  if (account === undefined) throw new Error('expected an account')
  const raw = (call: RawCall) => send(kms.url, call)
  const signed = (method: string, target: string, body?: unknown) =>
    raw({ method, target, body, headers: signedHeaders(account, { method, target, now: clock.now }) })
  return {
    kms,
    account,
    clock,
    raw,
    signed,
    bearing: (token, method, target, body) =>
      raw({ method, target, body, headers: { 'x-ncp-ocapi-token': token } }),
    async createKey(fields = {}) {
      const created = await signed('POST', '/kms/v1/keys', {
        keyName: 'test-key',
        keyType: 'AES256',
        ...fields,
      })
      return `/kms/v1/keys/${created.body.data.keyTag}`
    },
  }
}

export interface Signing {
  readonly method: string
  readonly target: string
  readonly now: number
  readonly apiKey?: string
  readonly version?: SignatureVersion
}

export function signedHeaders(account: Account, signing: Signing): Record<string, string> {
  const { method, target, now, apiKey = '', version = 2 } = signing
  const { accessKey, secretKey } = account
  return {
    'x-ncp-apigw-timestamp': String(now),
    'x-ncp-iam-access-key': accessKey,
    ...(apiKey === '' ? {} : { 'x-ncp-apigw-api-key': apiKey }),
    [signatureHeaders[version]]: sign(secretKey, {
      method,
      target,
      timestamp: String(now),
      accessKey,
      apiKey,
    }),
  }
}

/** Creates a token generator and a token set for a key. */
export async function issueSet(
  running: RunningKms,
  path: string,
): Promise<{ access: string; refresh: string }> {
  await running.signed('POST', `${path}/token-generator`)
  const { body } = await running.signed('POST', `${path}/token-set`, {})
  return { access: String(body.data.accessToken), refresh: String(body.data.refreshToken) }
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function send(url: string, { method, target, headers = {}, body }: RawCall): Promise<Response> {
  const { hostname, port } = new URL(url)
  const bytes =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const length = bytes === undefined ? {} : { 'content-length': Buffer.byteLength(bytes) }
  return new Promise((resolve, reject) => {
    const sending = request({ hostname, port, method, path: target, headers: { ...headers, ...length } })
    sending.on('error', reject)
    sending.on('response', async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: JSON.parse(Buffer.concat(chunks).toString() || 'null'),
      })
    })
    sending.end(bytes)
  })
}
