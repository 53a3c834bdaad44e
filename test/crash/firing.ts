import { setTimeout as delay } from 'node:timers/promises'
import { cutPower } from './power-cut.ts'
import type { Victim, VictimRun } from './victim.ts'

/** How keytrail came to its end in a round. */
export type Moment = 'under load' | 'starting' | 'closing'

export interface FiringOptions {
  readonly victim: Victim
  /** What the upstream executes. */
  readonly executed: ReadonlyMap<string, unknown>
  /** Most that are executed in a round before its end comes. */
  readonly requests: number
  /** Where power cuts are prepared; null for none. */
  readonly power: { readonly below: string; readonly directory: string } | null
}

/** A start takes about so long, in ms, before one has been measured. */
const START_MS = 700
const CLOSE_MS = 150
/** Longest a round lasts, in ms, whatever has been executed by then. */
const LOAD_MS = 4000
/** How often a cut throws away all it may, not some of it. */
const ALL_SHARE = 0.4

/** keytrail, ended at random instants and started again each time. */
export class Firing {
  /** The current start. */
  run: VictimRun
  /** Sectors and names that power cuts threw away. */
  discarded = 0
  readonly #options: FiringOptions
  readonly #random: () => number
  #startMs = START_MS
  #began = 0

  constructor(options: FiringOptions, random: () => number) {
    this.#options = options
    this.#random = random
    this.run = this.#start()
  }

  /** Ends it at a random instant of that kind. Fails where it ended by itself before. */
  async end(moment: Moment): Promise<void> {
    await Promise.race([this.#end(moment), this.run.unprovoked])
    await this.run.ended
  }

  /** Throws away what was not synced, where this is about that, and starts it again. */
  cut(): void {
    const { power } = this.#options
    if (power !== null) {
      const share = this.#random() < ALL_SHARE ? 1 : this.#random()
      const { sectors, names } = cutPower(power, share, this.#random)
      this.discarded += sectors + names
    }
    this.run = this.#start()
  }

  async #end(moment: Moment): Promise<void> {
    const { run } = this
    if (moment === 'starting') {
      await delay(this.#random() * this.#startMs * 1.1)
    } else {
      await run.running
      await this.#load()
    }
    if (moment === 'closing') {
      run.kill('SIGTERM')
      await delay(this.#random() * CLOSE_MS)
    }
    run.kill('SIGKILL')
  }

  async #load(): Promise<void> {
    const { executed } = this.#options
    const enough = executed.size + this.#random() * this.#options.requests
    const deadline = performance.now() + LOAD_MS
    while (executed.size < enough && performance.now() < deadline) await delay(1)
  }

  #start(): VictimRun {
    const run = this.#options.victim.start()
    this.#began = performance.now()
    const measure = (): void => {
      this.#startMs = performance.now() - this.#began
    }
    run.running.then(measure, () => undefined)
    return run
  }
}
