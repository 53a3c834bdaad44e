import type { Test } from 'tap'
import { type Body, Failure, KmsAccount } from './aws-kms-account.ts'
import { type RawAnswer, type RawRequest, rawHttpServer } from './raw-http-server.ts'
import { verifySigV4 } from './sigv4.ts'

/** Access key → secret, and the account that it belongs to. */
export const SECRETS: Readonly<Record<string, string>> = {
  AKIAALICE: 'alice-secret',
  ASIABOB: 'bob-secret',
  AKIAMALLORY: 'mallory-secret',
}
const ACCOUNTS: Readonly<Record<string, string>> = {
  AKIAALICE: '111111111111',
  ASIABOB: '111111111111',
  AKIAMALLORY: '222222222222',
}

/** A key API in AWS KMS's protocol with real cryptography, as strict about signatures as the real one. */
export interface AwsKms {
  readonly url: string
  /** What it executed: operation and request id. */
  readonly executed: { readonly operation: string; readonly requestId: string }[]
  /** Why signatures were refused. */
  readonly refusals: string[]
  /** Answers instead of the operation itself; null for none. */
  instead: ((operation: string) => RawAnswer | null) | null
}

export async function runAwsKms(t: Test): Promise<AwsKms> {
  const accounts = new Map<string, KmsAccount>()
  let requests = 0
  const answer = (request: RawRequest): RawAnswer => {
    requests += 1
    const requestId = `request-${requests}`
    const operation = operationOf(request)
    try {
      const accessKey = verifySigV4(request, SECRETS)
      const own = ACCOUNTS[accessKey] ?? ''
      const account = accounts.get(own) ?? new KmsAccount(own)
      accounts.set(own, account)
      const other = kms.instead?.(operation)
      if (other !== undefined && other !== null) return other
      const body = account.perform(operation, JSON.parse(request.body.toString('utf8')) as Body)
      kms.executed.push({ operation, requestId })
      return reply(200, requestId, body)
    } catch (error) {
      if (error instanceof Failure) return failureReply(error, requestId)
      kms.refusals.push(String(error))
      return failureReply(new Failure('InvalidSignatureException'), requestId)
    }
  }
  const kms: AwsKms = { url: await rawHttpServer(t, answer), executed: [], refusals: [], instead: null }
  return kms
}

function operationOf({ headers }: RawRequest): string {
  const target = headers.find(([name]) => name.toLowerCase() === 'x-amz-target')?.[1] ?? ''
  return target.replace('TrentService.', '')
}

function reply(status: number, requestId: string, body: Body | null): RawAnswer {
  const headers = { 'x-amzn-RequestId': requestId, 'Content-Type': 'application/x-amz-json-1.1' }
  return { status, headers, body: body === null ? '' : JSON.stringify(body) }
}

/** The three forms in which services tell an error's type. */
function failureReply({ type, message }: Failure, requestId: string): RawAnswer {
  if (type === 'DisabledException') {
    return reply(400, requestId, { __type: `com.amazonaws.kms#${type}`, message })
  }
  if (type !== 'NotFoundException') return reply(400, requestId, { __type: type, message })
  const { headers, ...rest } = reply(400, requestId, { message })
  const errorType = `${type}:http://internal.amazon.com/coral/com.amazonaws.kms/`
  return { ...rest, headers: { ...headers, 'x-amzn-ErrorType': errorType } }
}
