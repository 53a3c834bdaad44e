/** The limits whose hits are counted, by their place in the configuration. */
const LIMITS = [
  'limits.connections',
  'limits.handshakeTimeout',
  'limits.pipelined',
  'limits.header',
  'limits.target',
  'limits.body',
  'limits.heldBody',
  'limits.heldResponse',
  'limits.keyId',
  'limits.requestTimeout',
  'limits.rings',
  'upstream.waiting',
  'journal.queue',
  'history.limits.connections',
  'history.limits.header',
  'history.limits.requestTimeout',
  'history.limits.requestsPerMinute',
  'history.limits.liveStreams',
] as const

export type Limit = (typeof LIMITS)[number]

/** Of the records' reasons, those that tell of a limit. */
const BY_REASON: Readonly<Record<string, Limit>> = {
  'headers-too-large': 'limits.header',
  'target-too-long': 'limits.target',
  'body-too-large': 'limits.body',
  'body-too-long': 'limits.heldBody',
  'key-too-long': 'limits.keyId',
  'request-timeout': 'limits.requestTimeout',
  'upstream-busy': 'upstream.waiting',
}

/** How often each limit was hit. Threads share it; each limit is counted by one of them. */
export class LimitHits {
  /** For the same counts in another thread. */
  readonly shared: SharedArrayBuffer
  readonly #counts: Float64Array

  constructor(shared = new SharedArrayBuffer(LIMITS.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared
    this.#counts = new Float64Array(shared)
  }

  hit(limit: Limit): void {
    const place = LIMITS.indexOf(limit)
    this.#counts[place] = (this.#counts[place] as number) + 1
  }

  /** Counts a record's reason, if that tells of a limit. */
  hitByReason(reason: string): void {
    const limit = BY_REASON[reason]
    if (limit !== undefined) this.hit(limit)
  }

  /** Every limit with its count. */
  counts(): readonly (readonly [Limit, number])[] {
    return LIMITS.map((limit, place) => [limit, this.#counts[place] as number])
  }
}
