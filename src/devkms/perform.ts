import type { IncomingMessage } from 'node:http'
import { type AuthenticationRules, authenticate } from './authentication.ts'
import { gatewayFailure, KmsFailure, serviceFailure } from './failure.ts'
import type { KeyStore } from './key-store.ts'
import { parseFields, readBody } from './request-body.ts'
import { matchRoute } from './route-match.ts'

/** What is answered: HTTP status and JSON body. */
export interface Answer {
  readonly status: number
  readonly body: object
}

/** All that requests are carried out with. */
export interface Service {
  readonly store: KeyStore
  readonly rules: AuthenticationRules
  readonly clock: () => number
}

/** Carries out one request. Never fails: whatever goes wrong is an answer in the API's error shape. */
export async function perform(service: Service, request: IncomingMessage): Promise<Answer> {
  try {
    return { status: 200, body: await carryOut(service, request) }
  } catch (error) {
    return error instanceof KmsFailure ? error : gatewayFailure('unexpected')
  }
}

async function carryOut({ store, rules, clock }: Service, request: IncomingMessage): Promise<object> {
  // First, so that no answer leaves an unread body on a connection that is used again.
  const body = await readBody(request)
  const target = request.url ?? ''
  const queryAt = target.indexOf('?')
  const path = queryAt < 0 ? target : target.slice(0, queryAt)
  const { route, keyTag, version } = matchRoute(request.method ?? '', path)

  const claimed = keyTag === '' ? null : await store.find(keyTag)
  const accountId = await authenticate(rules, request, { auth: route.auth, key: claimed, now: clock() })
  const query = new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1))
  const call = { store, accountId, fields: parseFields(body), query, version, now: clock() }
  if (route.kind === 'keyless') return success(path, await route.handle(call))

  // Looked up again: the key may have gone while a token was being checked.
  const key = await store.find(keyTag)
  if (key === null) throw serviceFailure('KEY_NOT_FOUND', 'no key has this tag')
  return success(path, await route.handle(key, call))
}

/** API 1.0 answers with an empty `msg`; 2.0 has none. */
function success(path: string, data: unknown): object {
  return path.startsWith('/keys/') ? { code: 'SUCCESS', msg: '', data } : { code: 'SUCCESS', data }
}
