import type { Dialect, ErrorAnswer, IssuedToken, Judgement, Operation } from '../dialect/dialect.ts'
import type { KeytrailError } from '../errors.ts'
import type { Limit, LimitHits } from '../limit-hits.ts'
import type { ChooseChannel } from '../listener/channel.ts'
import type { ClientAddress, ReadClientAddress } from '../listener/client-address.ts'
import type { RateLimitedLogger } from '../log.ts'
import type { ProxyCounters } from '../metrics.ts'
import type { AuditRecord, Channel, OperationClass, Requester } from '../record.ts'
import { NO_EFFECT } from '../recorder/entry.ts'
import type { Issuers } from '../recorder/issuers.ts'
import type { KeyNames } from '../recorder/key-names.ts'
import type { Recorder } from '../recorder/recorder.ts'
import { StoreFailure } from '../recorder/store-failure.ts'
import type { Acl } from './acl.ts'
import type { Announce } from './announce.ts'
import { NamedKeys } from './named-keys.ts'
import type { BodyLimits } from './request-body.ts'
import type { Tunnels } from './tunnel.ts'
import type { Upstream } from './upstream.ts'

/** Bytes. */
export interface ProxyLimits {
  readonly target: number
  readonly keyId: number
  readonly body: BodyLimits
  readonly heldResponse: number
}

/** A request that the HTTP parser refused. */
export interface Malformed {
  readonly channel: Channel
  readonly peer: ClientAddress
  readonly status: number
  /** Stable word. */
  readonly reason: string
}

/** What exchanges need of the recorder. */
type ExchangeRecorder = Pick<Recorder, 'begin' | 'finish' | 'note' | 'learn'>

/** What exchanges need of the issuers. */
type TokenIssuers = Pick<Issuers, 'requester' | 'learn' | 'forget'>

export interface ContextOptions {
  readonly dialect: Dialect
  readonly recorder: ExchangeRecorder
  readonly issuers: TokenIssuers
  /** null where keys have one name only. */
  readonly keyNames: KeyNames | null
  readonly upstream: Upstream
  readonly tunnels: Tunnels
  readonly acl: Acl
  readonly announce: Announce
  readonly clientAddress: ReadClientAddress
  readonly chooseChannel: ChooseChannel
  /** Access key → account id. */
  readonly requesters: Readonly<Record<string, string>>
  readonly limits: ProxyLimits
  readonly counters: ProxyCounters
  readonly hits: LimitHits
  readonly log: RateLimitedLogger
  /** What becomes of a request that can't be recorded. */
  readonly onStoreFailure: Readonly<Record<OperationClass, 'refuse' | 'allow'>>
  /** The last place for the record of one that was allowed. */
  readonly unrecorded: (record: AuditRecord, reason: string) => void
  /** Unix ms. */
  readonly clock: () => number
}

const NOBODY: Requester = { id: '', kind: 'anonymous', credential: '' }

/** What all exchanges share. */
export class ProxyContext {
  readonly dialect: Dialect
  readonly recorder: ExchangeRecorder
  readonly upstream: Upstream
  readonly tunnels: Tunnels
  readonly announce: Announce
  readonly clientAddress: ReadClientAddress
  readonly chooseChannel: ChooseChannel
  readonly limits: ProxyLimits
  readonly clock: () => number
  readonly #acl: Acl
  readonly #keyNames: KeyNames | null
  readonly #issuers: TokenIssuers
  readonly #requesters: Readonly<Record<string, string>>
  readonly #counters: ProxyCounters
  readonly #hits: LimitHits
  readonly #log: RateLimitedLogger
  readonly #onStoreFailure: ContextOptions['onStoreFailure']
  readonly #unrecorded: ContextOptions['unrecorded']

  constructor(options: ContextOptions) {
    this.dialect = options.dialect
    this.recorder = options.recorder
    this.upstream = options.upstream
    this.tunnels = options.tunnels
    this.#keyNames = options.keyNames
    this.#acl = options.acl
    this.announce = options.announce
    this.clientAddress = options.clientAddress
    this.chooseChannel = options.chooseChannel
    this.limits = options.limits
    this.clock = options.clock
    this.#issuers = options.issuers
    this.#requesters = options.requesters
    this.#counters = options.counters
    this.#hits = options.hits
    this.#log = options.log
    this.#onStoreFailure = options.onStoreFailure
    this.#unrecorded = options.unrecorded
  }

  /**
   * Records a request that never became one: what the HTTP parser refused. Calls `answer` with what to say once
   * that is durable, or can't be.
   */
  recordMalformed(malformed: Malformed, answer: (content: ErrorAnswer) => void): void {
    const { channel, peer, status, reason } = malformed
    const { address, source: addressSource } = this.clientAddress(peer, [])
    const record: AuditRecord = {
      time: this.clock(),
      durationMs: 0,
      channel,
      address,
      addressSource,
      requester: NOBODY,
      action: 'malformed',
      class: 'read',
      key: '',
      keyVersion: '',
      outcome: 'failure',
      status,
      errorCode: '',
      requestId: '',
      items: 0,
      reason,
    }
    this.observe(record)
    this.recorder.finish(0, record, NO_EFFECT, {
      onJournalled: (error) => {
        if (error !== null) this.withheld(error)
        answer(error === null ? this.dialect.errorAnswer(status, reason) : this.unavailable())
      },
    })
  }

  /**
   * Why the address may not use the operation's keys, by whichever of the names the request and the history have for
   * them; null where it may.
   */
  refusal({ key, otherKey }: Operation, keys: NamedKeys | null, address: string): string | null {
    let reason = this.#acl.refusal(key, address)
    if (otherKey !== '') reason ??= this.#acl.refusal(otherKey, address)
    if (keys !== null) {
      for (const name of keys.asked) if (name !== '') reason ??= this.#acl.refusal(name, address)
    }
    return reason
  }

  /** What the operation calls its keys; null where keys have one name only. `began`: ms of a monotonic clock. */
  namedKeys(operation: Operation, began: number): NamedKeys | null {
    return this.#keyNames === null ? null : new NamedKeys(this.#keyNames, operation, began)
  }

  /** The operation's requester: a token's issuer, an access key's account. */
  requester({ token, requester }: Operation): Requester {
    if (token !== '') return this.#issuers.requester(token, requester)
    const id = this.#requesters[requester.id]
    return id === undefined ? requester : { ...requester, id }
  }

  /** The upstream issued `token` for `key` to `requester`. */
  learnToken({ token, lifetimeMs }: IssuedToken, requester: Requester, key: string): void {
    this.recorder.learn(this.#issuers.learn(token, lifetimeMs, requester.id, key))
  }

  /** What an answer says of tokens: those it hands out, and those of a key that are good no more. */
  learnTokens(judgement: Judgement, operation: Operation, requester: Requester): void {
    const key = judgement.key === '' ? operation.key : judgement.key
    const end = judgement.destruction?.kind
    if (end === 'tokens' || end === 'now') this.forgetTokens(key)
    for (const issued of judgement.issued) this.learnToken(issued, requester, key)
  }

  /** The tokens issued for `key` are no longer good. */
  forgetTokens(key: string): void {
    this.#issuers.forget(key)
  }

  observe(record: AuditRecord): void {
    this.#counters.observe(record)
    if (record.reason !== '') this.#hits.hitByReason(record.reason)
  }

  /** A limit was hit that no record tells of. */
  hit(limit: Limit): void {
    this.#hits.hit(limit)
  }

  /** What is answered for want of a durable entry. */
  unavailable(): ErrorAnswer {
    return this.dialect.errorAnswer(503, 'store-unavailable')
  }

  /** Whether an operation of this class may go on although it can't be recorded. */
  allows(operationClass: OperationClass): boolean {
    return this.#onStoreFailure[operationClass] === 'allow'
  }

  /** An answer is released although its record is not durable. */
  passed(record: AuditRecord, error: KeytrailError): void {
    this.#counters.pass(record.class)
    this.#unrecorded(record, reasonFor(error))
  }

  /** An exchange was refused, or its answer withheld, for want of a durable entry. */
  withheld(error: KeytrailError): void {
    if (error.code === 'QUEUE_FULL') this.#hits.hit('journal.queue')
    const reason = reasonFor(error)
    this.#counters.refuse(reason)
    this.#log.error(error.code, { reason }, error.message)
  }
}

function reasonFor(error: KeytrailError): string {
  return error instanceof StoreFailure ? error.reason : 'other'
}
