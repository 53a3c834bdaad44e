import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorAnswer, Operation, Refusal } from '../dialect/dialect.ts'
import type { KeytrailError } from '../errors.ts'
import type { ClientAddress } from '../listener/client-address.ts'
import type { Peer } from '../listener/front.ts'
import type { AuditRecord, Channel, Requester } from '../record.ts'
import type { Waiter } from '../recorder/waiting.ts'
import { Answer, type AnswerEvents } from './answer.ts'
import type { ProxyContext } from './context.ts'
import { decodeBody } from './decode-body.ts'
import { type ForwardHeaders, forwardHeaders } from './forward-headers.ts'
import { type InterimAnswer, releaseInterim } from './interim.ts'
import type { NamedKeys } from './named-keys.ts'
import { answered, brokenOff, type Ending, OPEN, refused, tunnelled, unanswered } from './outcome.ts'
import { mainKey, recordEffect } from './record-keys.ts'
import { asksForTunnel, requestRefusal } from './refusal.ts'
import { releaseAnswer, releaseOwn, releaseTunnel } from './release.ts'
import { type BodyFailure, RequestBody, type RequestBodyEvents } from './request-body.ts'
import type { OpenTunnel } from './tunnel.ts'
import type { UpstreamFailure } from './upstream.ts'

/** How a request came in. */
export interface Arrival {
  readonly channel: Channel
  readonly peer: Peer
  /** The client waits for 100 Continue before it sends the body (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean
}

/** Seconds after which a client may try again what the store could not take. */
const RETRY_AFTER = 1

/**
 * One request and its response. The steps are numbered as in the README's «life of an exchange»; those that
 * must wait go on in the callback of what they wait for.
 */
export class Exchange implements RequestBodyEvents, AnswerEvents, Waiter {
  readonly #context: ProxyContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #arrival: Arrival
  readonly #started = performance.now()
  readonly #client: ClientAddress
  readonly #channel: Channel
  readonly #operation: Operation
  readonly #forward: ForwardHeaders
  readonly #body: RequestBody
  readonly #answer: Answer
  readonly #requester: Requester
  /** null where keys have one name only. */
  readonly #keys: NamedKeys | null
  #ticket = 0
  #step: 'opening' | 'intent' | 'forwarding' | 'recording' | 'over' = 'opening'
  #bodyReady = false
  /** Entries that the recorder has not told of yet, in their order: the intent, the record. */
  #pending = 0
  #forwarded = false
  #unrecorded = false
  #recorded: AuditRecord | null = null
  #ownAnswer: ErrorAnswer | null = null
  /** The connection has become a tunnel. */
  #tunnelled = false

  /** 1 is the listener's; 2 and 3: who is the client, and what does the request mean. */
  constructor(context: ProxyContext, request: IncomingMessage, response: ServerResponse, arrival: Arrival) {
    const { method = '', url = '', rawHeaders } = request
    const { client, certificateSubject } = arrival.peer
    this.#context = context
    this.#request = request
    this.#response = response
    this.#arrival = arrival
    this.#client = context.clientAddress(client, rawHeaders)
    this.#channel = context.chooseChannel(arrival.channel, this.#client.address, rawHeaders)
    this.#forward = forwardHeaders(rawHeaders)
    // What Connection names does not go upstream: neither may it tell what the upstream does.
    const { headers } = this.#forward
    this.#operation = context.dialect.read({ method, target: url, rawHeaders: headers, certificateSubject })
    this.#requester = context.requester(this.#operation)
    this.#keys = context.namedKeys(this.#operation, this.#started)
    this.#body = new RequestBody(request, context.limits.body, this)
    this.#answer = new Answer(this, context.limits.heldResponse)
  }

  /** Starts; everything else follows from what comes in. */
  run(): void {
    const refusal = this.#refusal()
    if (refusal !== null) this.#refuse(refusal.status, refusal.reason)
    else if (this.#operation.needsRequestBody) this.#readBodyFirst()
    else if (this.#permit()) this.#intend()
  }

  /** 3, for a dialect that needs a field of the body. */
  onBodyReady(): void {
    this.#bodyReady = true
    if (!this.#operation.needsRequestBody) this.#forwardWhenReady()
    else if (this.#readOperation() && this.#permit()) this.#intend()
  }

  /** 4. May this address use this key, and the other one? */
  #permit(): boolean {
    const reason = this.#context.refusal(this.#operation, this.#keys, this.#client.address)
    if (reason !== null) this.#refuse(403, reason)
    return reason === null
  }

  /** 5. The intent is made durable, while the body comes in. */
  #intend(): void {
    this.#step = 'intent'
    this.#pending++
    this.#keys?.suspend()
    const record = this.#record(OPEN)
    const effect = recordEffect(OPEN, this.#operation, record)
    this.#ticket = this.#context.recorder.begin(record, effect, this, this.#isTunnel)
    if (this.#step === 'intent' && !this.#bodyReady) this.#readBody()
  }

  /** Goes on once the intent (5) or the record (8) is durable as the mode says. */
  onJournalled(error: KeytrailError | null): void {
    this.#pending--
    if (this.#step === 'over') return
    if (error !== null && !this.#goesOn(error)) this.#withhold(error)
    else if (this.#step === 'intent') this.#forwardWhenReady()
    // An exchange may end while its intent is still on its way: that one says nothing of the record.
    else if (this.#pending === 0) this.#release()
  }

  /** `onStoreFailure: allow`; never where an intent is durable, which would stay `unknown`. */
  #goesOn(error: KeytrailError): boolean {
    if (!this.#context.allows(this.#operation.class)) return false
    if (this.#step === 'intent' || this.#pending > 0) this.#unrecorded = true
    else if (this.#ticket !== 0 && !this.#unrecorded) return false
    else if (this.#recorded !== null) this.#context.passed(this.#recorded, error)
    return true
  }

  /** 6. The request goes upstream as it was received. */
  #forwardWhenReady(): void {
    if (this.#step !== 'intent' || !this.#bodyReady || this.#pending > 0) return
    this.#step = 'forwarding'
    const { method = '', url: target = '', httpVersion, socket } = this.#request
    const { headers, chunked, contentLength } = this.#forward
    const body = chunked || contentLength > 0 ? this.#body.forward() : null
    const { address } = this.#arrival.peer.client
    this.#context.announce(headers, { address, encrypted: 'encrypted' in socket, httpVersion })
    const { tunnels, upstream } = this.#context
    if (this.#isTunnel) tunnels.send({ target, headers, protocol: this.#forward.upgrade }, this.#answer)
    else upstream.send({ method, target, headers, body }, this.#answer)
  }

  get #isTunnel(): boolean {
    return asksForTunnel(this.#forward.upgrade, this.#request.httpVersion)
  }

  /** 7 and 8 of a tunnel come when it is over: until then its intent stands for it. */
  onTunnel(tunnel: OpenTunnel): void {
    this.#tunnelled = true
    releaseTunnel(this.#request, this.#response, tunnel, (...bytes) => this.#finish(tunnelled(...bytes)))
  }

  onForwarded(): void {
    this.#forwarded = true
  }

  onInterim(answer: InterimAnswer): void {
    if (this.#step === 'forwarding' && this.#request.httpVersion === '1.1')
      releaseInterim(this.#response, answer)
  }

  /** 7. The outcome, from status and what else the dialect looks at. */
  onAnswered(): void {
    const { dialect, limits } = this.#context
    const { status, headers, body, whole } = this.#answer
    if (!whole) this.#context.hit('limits.heldResponse')
    const wanted = this.#operation.needsResponseBody ? decodeBody(body, headers, limits.heldResponse) : null
    const judgement = dialect.judge(this.#operation, { status, rawHeaders: headers }, wanted)
    this.#context.learnTokens(judgement, this.#operation, this.#requester)
    this.#finish(answered(status, judgement))
  }

  onUnanswered(failure: UpstreamFailure): void {
    if (this.#step === 'forwarding') this.#finishOwn(unanswered(failure))
  }

  onBodyFailed(failure: BodyFailure): void {
    if (this.#step === 'recording' || this.#step === 'over') return
    this.#finishOwn(brokenOff(failure, this.#forwarded))
    this.#answer.abort()
  }

  /** 8. The record is made durable. */
  #finish(ending: Ending): void {
    this.#step = 'recording'
    this.#pending++
    const settled = this.#settle(ending)
    const record = this.#record(settled)
    this.#recorded = record
    this.#context.observe(record)
    this.#context.recorder.finish(this.#ticket, record, recordEffect(settled, this.#operation, record), this)
  }

  /** 9. Only now the client gets the answer. */
  #release(): void {
    this.#step = 'over'
    if (this.#tunnelled) return
    if (this.#ownAnswer !== null)
      releaseOwn(this.#response, this.#ownAnswer, { close: this.#isLast(this.#ownAnswer) })
    else releaseAnswer(this.#response, this.#answer)
    if (this.#ownAnswer !== null || this.#answer.whole) this.#body.discard()
    // An answer that flows may be the request's echo: its body goes on as long.
    else this.#response.once('close', () => this.#body.discard())
  }

  /** Nothing more is read where the request isn't whole, or (RFC 9112 9.6) could be another than it seemed. */
  #isLast({ status }: ErrorAnswer): boolean {
    return status === 400 || !this.#request.complete
  }

  /** What must not be forwarded, whatever the acl says. */
  #refusal(): Refusal | null {
    return requestRefusal(this.#request, this.#operation, this.#forward, this.#context.limits)
  }

  #refuse(status: number, reason: string): void {
    this.#finishOwn(refused(status, reason))
  }

  /** Ends with an answer of the sidecar's own, in the dialect's shape. */
  #finishOwn(ending: Ending): void {
    this.#ownAnswer = this.#context.dialect.errorAnswer(ending.status || 400, ending.reason)
    this.#finish(ending)
  }

  /** The store can't take the entry: nothing is forwarded any more, and no answer leaves (G1, G8). */
  #withhold(error: KeytrailError): void {
    // An intent that may yet become durable must not look as if the request might have been executed.
    if (this.#step === 'intent') {
      const ending = this.#settle(refused(503, 'store-unavailable'))
      const record = this.#record(ending)
      if (this.#ticket !== 0)
        this.#context.recorder.note(this.#ticket, record, recordEffect(ending, this.#operation, record))
    }
    this.#step = 'over'
    this.#context.withheld(error)
    if (this.#tunnelled) return
    const close = !this.#request.complete
    releaseOwn(this.#response, this.#context.unavailable(), { close, retryAfter: RETRY_AFTER })
    this.#body.discard()
    // What is left of an answer that waits to flow would keep its connection for good.
    this.#answer.abort()
  }

  /** Nobody's body is read for a key whose use is not permitted. */
  #readBodyFirst(): void {
    if (this.#operation.key === '' || this.#permit()) this.#readBody()
  }

  #readBody(): void {
    if (this.#arrival.expectsContinue) this.#response.writeContinue()
    const { chunked, contentLength } = this.#forward
    this.#body.read(chunked ? -1 : Math.max(contentLength, 0))
  }

  #readOperation(): boolean {
    const { dialect, limits } = this.#context
    dialect.readBody(this.#operation, decodeBody(this.#body.held, this.#forward.headers, limits.body.held))
    this.#keys?.resolve()
    const refusal = this.#refusal()
    if (refusal !== null) this.#refuse(refusal.status, refusal.reason)
    return refusal === null
  }

  #settle(ending: Ending): Ending {
    return this.#keys === null ? ending : this.#keys.settle(ending)
  }

  #record(ending: Ending): AuditRecord {
    const { action, class: operationClass, keyVersion } = this.#operation
    return {
      time: this.#context.clock(),
      durationMs: Math.round(performance.now() - this.#started),
      channel: this.#channel,
      address: this.#client.address,
      addressSource: this.#client.source,
      requester: this.#requester,
      action,
      class: operationClass,
      key: mainKey(ending, this.#operation),
      keyVersion: ending.keyVersion === '' ? keyVersion : ending.keyVersion,
      outcome: ending.outcome,
      status: ending.status,
      errorCode: ending.errorCode,
      requestId: ending.requestId,
      items: ending.items,
      reason: ending.reason,
    }
  }
}
