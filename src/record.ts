/** How a request came in; `system` is the sidecar's own timers. */
export type Channel = 'console' | 'api' | 'system'

/** What kind of thing an action does to its key. */
export type OperationClass = 'use' | 'manage' | 'read' | 'token'

/** `unknown`: it may have been executed, and nobody saw the answer. */
export type Outcome = 'success' | 'failure' | 'unknown'

/** Where the recorded address comes from. */
export type AddressSource = 'socket' | 'proxy-protocol' | 'forwarded'

export type RequesterKind = 'account' | 'token' | 'certificate' | 'anonymous'

/** Who asked. `id` is a claim until the upstream accepted the request. Absent strings are ''. */
export interface Requester {
  readonly id: string
  readonly kind: RequesterKind
  /** A non-secret credential id (an access key) or the short keyed hash of a token; never the credential. */
  readonly credential: string
}

/**
 * One audited exchange. Absent strings are '' and absent numbers 0, so that every record has one shape;
 * the history API leaves them out of its JSON.
 */
export interface AuditRecord {
  /** When the exchange was processed: Unix time in ms. */
  readonly time: number
  /** From the request's arrival to `time`, in ms. */
  readonly durationMs: number
  readonly channel: Channel
  /** Textual IPv4 or IPv6 address. */
  readonly address: string
  readonly addressSource: AddressSource
  readonly requester: Requester
  readonly action: string
  readonly class: OperationClass
  /** The key's id; '' where the request names none. */
  readonly key: string
  readonly keyVersion: string
  readonly outcome: Outcome
  /** HTTP status of the answer; 0 where there was none. */
  readonly status: number
  readonly errorCode: string
  /** The upstream's own id of the request. */
  readonly requestId: string
  /** Batch size; 0 for a request that is no batch. */
  readonly items: number
  /** Why the sidecar itself refused or lost something. */
  readonly reason: string
}
