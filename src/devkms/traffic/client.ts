import { type Agent, type IncomingMessage, request } from 'node:http'
import type { Account } from '../account.ts'
import { type SignatureVersion, sign, signatureHeaders } from '../signature.ts'
import type { RequestLine } from './action.ts'

/** With what a request is authenticated. */
export type Credential =
  | { readonly kind: 'account'; readonly account: Account; readonly signature: SignatureVersion }
  | { readonly kind: 'token'; readonly token: string; readonly accountId: string }

export interface OutgoingRequest extends RequestLine {
  /** e.g. `http://127.0.0.1:8300` */
  readonly baseUrl: string
  readonly credential: Credential
  /** Sent as JSON; null for no body. */
  readonly body: object | null
  /** Unix ms, for the signature. */
  readonly now: number
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
}

/** `status` 0: no answer came. */
export interface IncomingAnswer {
  readonly status: number
  readonly code: string
  readonly data: Readonly<Record<string, unknown>>
  /** The upstream's id of the request; '' where the answer has none. */
  readonly traceId: string
  /** Whether the request can have arrived. */
  readonly delivered: boolean
}

/** Longer than a proxy in between waits for its upstream by default. */
const timeoutMs = 35_000

/** Sends one signed request and gives its answer; never fails. */
export function exchange(agent: Agent, outgoing: OutgoingRequest): Promise<IncomingAnswer> {
  const { hostname, port } = new URL(outgoing.baseUrl)
  const body = outgoing.body === null ? null : JSON.stringify(outgoing.body)
  const headers: Record<string, string | number> = {
    accept: 'application/json',
    ...authHeaders(outgoing),
    ...outgoing.headers,
  }
  if (body !== null) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = Buffer.byteLength(body)
  }
  return new Promise((resolve) => {
    const { method, target: path } = outgoing
    const sending = request({ agent, hostname, port, method, path, headers, timeout: timeoutMs })
    sending.on('response', (response) => resolve(collect(response)))
    sending.on('timeout', () => sending.destroy(new Error('no answer in time')))
    sending.on('error', (error: NodeJS.ErrnoException) => resolve(noAnswer(error.code !== 'ECONNREFUSED')))
    sending.end(body ?? undefined)
  })
}

/** The headers that authenticate a request. */
export function authHeaders(outgoing: OutgoingRequest): Record<string, string> {
  const { credential, method, target } = outgoing
  if (credential.kind === 'token') return { 'x-ncp-ocapi-token': credential.token }
  const { account, signature } = credential
  const parts = { method, target, timestamp: String(outgoing.now), accessKey: account.accessKey, apiKey: '' }
  return {
    'x-ncp-apigw-timestamp': parts.timestamp,
    'x-ncp-iam-access-key': parts.accessKey,
    [signatureHeaders[signature]]: sign(account.secretKey, parts),
  }
}

async function collect(response: IncomingMessage): Promise<IncomingAnswer> {
  const chunks: Buffer[] = []
  const traceId = String(response.headers['x-ncp-trace-id'] ?? '')
  try {
    for await (const chunk of response) chunks.push(chunk)
    const { code, data } = Object(JSON.parse(Buffer.concat(chunks).toString()))
    return {
      status: response.statusCode ?? 0,
      code: String(code ?? ''),
      data: Object(data ?? {}),
      traceId,
      delivered: true,
    }
  } catch (error) {
    // A proxy's own refusal may be no JSON; only a connection that broke off leaves the outcome open.
    return error instanceof SyntaxError
      ? { ...noAnswer(true), status: response.statusCode ?? 0, traceId }
      : noAnswer(true)
  }
}

function noAnswer(delivered: boolean): IncomingAnswer {
  return { status: 0, code: '', data: {}, traceId: '', delivered }
}
