import type { Readable } from 'node:stream'
import { LiveStream, type LiveStreamOptions } from './live-stream.ts'
import { HistoryProblem } from './problem.ts'

/** How often it is looked whether records have come in, in ms. Asked of shared memory, and only while somebody listens. */
const LOOK_MS = 100
/** Every so many looks each stream looks for itself: a key's destruction moves nothing that is watched. */
const IDLE_LOOKS = 10

export interface LiveStreamsOptions {
  readonly most: number
  /** Moves whenever records have come into the rings. */
  readonly applied: (() => number) | undefined
  /** A stream was refused. */
  readonly onFull?: () => void
}

/** All live streams; one timer drives them. */
export class LiveStreams {
  readonly #options: LiveStreamsOptions
  readonly #streams = new Set<LiveStream>()
  #timer: NodeJS.Timeout | null = null
  #seen = 0
  #looks = 0

  constructor(options: LiveStreamsOptions) {
    this.#options = options
  }

  /** Starts a stream; it ends when its reader goes, or with {@link LiveStreams.close}. Throws `LIVE_FULL`. */
  open(options: LiveStreamOptions): Readable {
    if (this.#streams.size >= this.#options.most) {
      this.#options.onFull?.()
      const detail = `expected at most ${this.#options.most} live streams at a time; close one, or ask again later`
      throw new HistoryProblem('LIVE_FULL', detail, { headers: { 'retry-after': '10' } })
    }
    const stream = new LiveStream(options)
    this.#streams.add(stream)
    stream.once('close', () => this.#remove(stream))
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
    return stream
  }

  close(): void {
    for (const stream of this.#streams) stream.end()
  }

  #remove(stream: LiveStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #look(): void {
    const applied = this.#options.applied?.()
    this.#looks = (this.#looks + 1) % IDLE_LOOKS
    if (applied !== undefined && applied === this.#seen && this.#looks !== 0) return
    this.#seen = applied ?? 0
    for (const stream of this.#streams) stream.look()
  }
}
