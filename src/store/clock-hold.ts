import type { Database } from './environment.ts'

/** What the store keeps of its clock. Times are Unix ms; 0 stands for none. */
export interface ClockState {
  /** The latest time that was believed. */
  readonly believed: number
  /** What was believed when the clock was held. */
  readonly heldSince: number
}

export interface ClockHoldOptions {
  /** The system's clock, which somebody may set: Unix ms. */
  readonly wall: () => number
  /** Runs on whatever happens to the system's clock, in ms. */
  readonly monotonic: () => number
  /** As the store kept it. */
  readonly state: ClockState
  /** Whether the operator says that the clock is right; asked about twice a second while it is held. */
  readonly accepted: (wall: number) => boolean
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A clock that gets ahead of the time that passes by more than this is held. */
const LONGEST_JUMP_MS = HOUR_MS
/** Nobody knows how long a store was down, so a start believes more; a key's history lasts a month. */
const LONGEST_PAUSE_MS = 7 * DAY_MS
/** A clock that nobody put right or confirmed in a long weekend is believed: else nothing would ever be destroyed. */
const LONGEST_HOLD_MS = 3 * DAY_MS
const ASK_INTERVAL_MS = 500
/** How far what the store keeps may lag behind. */
const NOTE_INTERVAL_MS = 10 * 60_000

/**
 * The time that may destroy something: the system's clock, as long as that goes on as time does. Where it jumps ahead,
 * time goes on from what was believed before, and so nothing is evicted by age, destroyed as scheduled or forgotten by
 * it, until the clock is put right, or the operator says that it is. A clock put back destroys nothing: it is believed.
 */
export class ClockHold {
  readonly #wall: () => number
  readonly #monotonic: () => number
  readonly #accepted: (wall: number) => boolean
  /** The latest believed time, and when that was on the monotonic clock. */
  #believed: number
  #believedAt: number
  #heldSince: number
  #asked = Number.NEGATIVE_INFINITY
  #noted: ClockState

  constructor({ wall, monotonic, state, accepted }: ClockHoldOptions) {
    this.#wall = wall
    this.#monotonic = monotonic
    this.#accepted = accepted
    this.#noted = state
    const now = wall()
    const { believed, heldSince } = state
    const longest = heldSince === 0 ? LONGEST_PAUSE_MS : LONGEST_JUMP_MS
    const jumped = believed !== 0 && now > believed + longest
    this.#believed = jumped ? believed : Math.max(believed, now)
    this.#believedAt = monotonic()
    this.#heldSince = jumped ? heldSince || believed : 0
  }

  /** The believed time, Unix ms. */
  now(): number {
    const wall = this.#wall()
    const mono = this.#monotonic()
    const line = this.#believed + mono - this.#believedAt
    if (wall <= line + LONGEST_JUMP_MS) return this.#believe(wall, Math.max(wall, line), mono)
    if (this.#heldSince === 0) this.#heldSince = line
    this.#believed = line
    this.#believedAt = mono
    if (line - this.#heldSince < LONGEST_HOLD_MS && !this.#mayBeRight(wall, mono)) return line
    return this.#believe(wall, wall, mono)
  }

  /** By how much the system's clock is ahead of what is believed, in ms; 0 unless it is held. */
  get ahead(): number {
    return this.#heldSince === 0 ? 0 : this.#wall() - this.#believed
  }

  /** Whether the store should keep {@link state} anew. */
  get isUnnoted(): boolean {
    const { believed, heldSince } = this.#noted
    return heldSince !== this.#heldSince || this.#believed >= believed + NOTE_INTERVAL_MS
  }

  /** The state, which the caller is about to keep. */
  note(): ClockState {
    this.#noted = { believed: this.#believed, heldSince: this.#heldSince }
    return this.#noted
  }

  #believe(wall: number, line: number, mono: number): number {
    this.#believed = line
    this.#believedAt = mono
    this.#heldSince = 0
    return wall
  }

  #mayBeRight(wall: number, mono: number): boolean {
    if (mono - this.#asked < ASK_INTERVAL_MS) return false
    this.#asked = mono
    return this.#accepted(wall)
  }
}

const CLOCK = Buffer.from('clock')

/** What the store keeps of its clock. */
export function clockStateOf(meta: Database): ClockState {
  const stored = meta.get(CLOCK)
  if (stored === undefined || stored.length < 16) return { believed: 0, heldSince: 0 }
  return { believed: stored.readDoubleBE(0), heldSince: stored.readDoubleBE(8) }
}

/** Needs a transaction. */
export function setClockState(meta: Database, { believed, heldSince }: ClockState): void {
  const bytes = Buffer.alloc(16)
  bytes.writeDoubleBE(believed, 0)
  bytes.writeDoubleBE(heldSince, 8)
  meta.put(CLOCK, bytes)
}
