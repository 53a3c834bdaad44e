import type { OperationClass, Outcome, Requester } from '../record.ts'
import type { SplitFullName } from './full-name.ts'

/** What is known of a request before its body. */
export interface RequestHead {
  readonly method: string
  /** The request target exactly as received. */
  readonly target: string
  /** Name, value, name, value … exactly as received (latin1 strings). */
  readonly rawHeaders: readonly string[]
  /** Subject of the verified client certificate; '' without one. */
  readonly certificateSubject: string
}

/** What is known of the upstream's answer. */
export interface ResponseHead {
  readonly status: number
  /** Name, value, name, value … */
  readonly rawHeaders: readonly string[]
}

/** Why a request must not be forwarded. */
export interface Refusal {
  readonly status: number
  /** Stable word, e.g. `ambiguous-path`, `key-too-long`. */
  readonly reason: string
}

/** When a successful answer destroys the key: at once, at a time, or no longer; or only the tokens issued for it. */
export type Destruction =
  | { readonly kind: 'now' }
  | { readonly kind: 'scheduled'; readonly afterMs: number }
  /** The answer names the very time: Unix ms. */
  | { readonly kind: 'scheduled-at'; readonly at: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'tokens' }

/** What the dialect reads from a request. Made by {@link Dialect.read}, completed by {@link Dialect.readBody}. */
export interface Operation {
  readonly action: string
  readonly class: OperationClass
  /** '' where the request names no key (yet). */
  key: string
  /** A second key that the request uses; '' for nearly all. */
  otherKey: string
  keyVersion: string
  /** From headers or claims; for an unclaimed token `id` is ''. */
  requester: Requester
  /** The bearer token itself, in memory only, to look up its issuer; '' without one. */
  readonly token: string
  /** Set where the request must be refused and recorded. */
  refusal: Refusal | null
  /** The body must be read before the operation is complete. */
  readonly needsRequestBody: boolean
  /** The answer's body must be seen (bounded) to know the outcome. */
  readonly needsResponseBody: boolean
  /** The client may have the connection made a tunnel (RFC 9110 7.8). */
  readonly tunnel: boolean
  /** Index of the route that matched; -1 for none. */
  readonly route: number
  /** What {@link Dialect.readBody} kept for {@link Dialect.judge} (tokens' lifetimes, for one). */
  bodyFields: BodyFields | null
}

/** Fields of the request body that matter once the answer is known. */
export interface BodyFields {
  /** Lifetimes asked for in ms, in the order of the tokens that the route issues. */
  readonly lifetimesMs: readonly number[]
  readonly items: number
  /** The delay asked for until the key's destruction, in ms; 0 where the route reads none. */
  readonly destroyAfterMs: number
  /** The other name of a key that the request sets or removes; '' for none. */
  readonly alias: string
}

/** A key's other name that a successful request has given it, or taken away. */
export interface AliasChange {
  readonly name: string
  readonly removed: boolean
}

/** A token that an answer hands out. */
export interface IssuedToken {
  readonly token: string
  /** How long it is good for, in ms; Infinity for one without end. */
  readonly lifetimeMs: number
}

/** What an answer means. */
export interface Judgement {
  readonly outcome: Outcome
  readonly errorCode: string
  readonly requestId: string
  /** The key the answer names (a created key); '' to keep the operation's. */
  readonly key: string
  /** The same of the second key. */
  readonly otherKey: string
  readonly alias: AliasChange | null
  /** The answer's, else the operation's. */
  readonly keyVersion: string
  /** Batch size, from the request or the answer; 0 for a request that is no batch. */
  readonly items: number
  readonly issued: readonly IssuedToken[]
  readonly destruction: Destruction | null
}

/** An answer of the sidecar's own, in the key API's error shape. */
export interface ErrorAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/**
 * One key API, compiled from its YAML description. Pure: no I/O, no clock, no logger; no input, however
 * hostile, makes it throw.
 */
export interface Dialect {
  readonly name: string
  readonly title: string
  /** Reads a key's full name, which is that of its ring; null where keys have no other names. */
  readonly splitFullName: SplitFullName | null
  read(head: RequestHead): Operation
  /** Completes `operation` from the body (bounded by the caller; `null` where it was longer than the bound). */
  readBody(operation: Operation, body: Uint8Array | null): void
  /** `body` is null where it was not needed, or longer than the bound. */
  judge(operation: Operation, response: ResponseHead, body: Uint8Array | null): Judgement
  errorAnswer(status: number, reason: string): ErrorAnswer
}
