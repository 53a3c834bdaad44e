import { Agent } from 'node:http'
import type { Outcome } from '../../record.ts'
import type { Account } from '../account.ts'
import {
  type Action,
  type LegacyAction,
  type LegacyStage,
  legacyRequestLine,
  type RequestLine,
  requestLine,
} from './action.ts'
import {
  authHeaders,
  type Credential,
  exchange,
  type IncomingAnswer,
  type OutgoingRequest,
} from './client.ts'
import type { Expectation } from './expectation.ts'
import { collectSecrets } from './secret.ts'

export interface SenderOptions {
  /** Base URL of each listener. */
  readonly urls: { readonly api: string; readonly console: string }
  /** Unix ms. */
  readonly clock: () => number
  /** Waits until the next request may go. */
  readonly pace: () => Promise<void>
  /** Sends a request, {@link exchange} by default; for whoever wants to see each of them go. */
  readonly exchange?: typeof exchange
}

/** What can be said about a request; the rest follows from its action. */
export interface Ask {
  /** A key's tag. */
  readonly key?: string
  readonly as: Account | { readonly token: string; readonly accountId: string }
  /** `api` unless said otherwise. */
  readonly channel?: 'api' | 'console'
  readonly fields?: Readonly<Record<string, unknown>>
  /** A key version for the path. */
  readonly version?: number
  /** With its `?`. */
  readonly query?: string
}

/** What came back; `text` gives a field of `data`, or '' where it is missing. */
export interface Reply {
  readonly outcome: Outcome
  readonly data: Readonly<Record<string, unknown>>
  text(field: string): string
}

/** Requests that are remembered; the oldest tenth is forgotten when there are more. */
const sentLimit = 100_000
const secretLimit = 2_000

/** Sends requests and remembers what the history must show of each. */
export class Sender {
  readonly sent: Expectation[] = []
  readonly secrets: string[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Sends a call of API 2.0. */
  send(action: Action, ask: Ask): Promise<Reply> {
    const { key = '', version = 1, query = '' } = ask
    const credential: Credential =
      'token' in ask.as ? { kind: 'token', ...ask.as } : { kind: 'account', account: ask.as, signature: 2 }
    return this.#send(action, ask, requestLine(action, key, { version, query }), credential)
  }

  /** Sends a call of API 1.0 to one of its gateway stages. */
  sendLegacy(stage: LegacyStage, action: LegacyAction, ask: Ask & { readonly as: Account }): Promise<Reply> {
    const credential: Credential = { kind: 'account', account: ask.as, signature: stage === 'v1' ? 1 : 2 }
    return this.#send(action, ask, legacyRequestLine(action, ask.key ?? '', stage), credential)
  }

  close(): void {
    this.#agent.destroy()
  }

  async #send(action: Action, ask: Ask, line: RequestLine, credential: Credential): Promise<Reply> {
    const { clock, pace, urls } = this.#options
    await pace()
    const { key = '', channel = 'api', fields = null } = ask
    const sentAt = clock()
    const outgoing = { ...line, baseUrl: urls[channel], credential, body: fields, now: sentAt }
    const answer = await (this.#options.exchange ?? exchange)(this.#agent, outgoing)
    const outcome = outcomeOf(answer)
    this.#keepSecrets(outgoing, answer)
    if (answer.delivered) {
      this.#remember({
        sentAt,
        answeredAt: clock(),
        key: action === 'create-key' ? textOf(answer.data, 'keyTag') : key,
        channel,
        action,
        requester: credential.kind === 'token' ? credential.accountId : credential.account.accountId,
        outcome,
        status: answer.status,
        ...(action === 'delete-key' && outcome === 'success' ? { destroyedKey: key } : {}),
      })
    }
    return { outcome, data: answer.data, text: (field) => textOf(answer.data, field) }
  }

  #remember(expectation: Expectation): void {
    if (this.sent.length >= sentLimit) this.sent.splice(0, sentLimit / 10)
    this.sent.push(expectation)
  }

  #keepSecrets(outgoing: OutgoingRequest, answer: IncomingAnswer): void {
    if (this.secrets.length >= secretLimit) return
    const { 'x-ncp-iam-access-key': _id, 'x-ncp-apigw-timestamp': _time, ...proofs } = authHeaders(outgoing)
    const found = [
      ...Object.values(proofs),
      ...collectSecrets(outgoing.body ?? {}),
      ...collectSecrets(answer.data),
    ]
    this.secrets.push(...found.slice(0, secretLimit - this.secrets.length))
  }
}

function outcomeOf({ status, code }: IncomingAnswer): Outcome {
  if (status === 0) return 'unknown'
  return status >= 200 && status < 300 && code === 'SUCCESS' ? 'success' : 'failure'
}

function textOf(data: Readonly<Record<string, unknown>>, field: string): string {
  const value = data[field]
  return typeof value === 'string' ? value : ''
}
