import { randomBytes } from 'node:crypto'
import { KeytrailError } from '../errors.ts'
import { genesisHash } from './chain.ts'
import { setClockState } from './clock-hold.ts'
import { type Credential, forgetCredentialsOf, keepCredential } from './credentials.ts'
import type { Environment } from './environment.ts'
import { beginRun, endRun, type Gap, noteNewest, type Run } from './gap.ts'
import { type JournalMark, journalMarkOf, setJournalMark } from './journal-mark.ts'
import { noteChanges } from './key-changes.ts'
import {
  boundedTime,
  fitsRing,
  ringStateKey,
  storedKey,
  UNATTRIBUTED_KEY,
  UNATTRIBUTED_RING,
} from './layout.ts'
import { askedDestruction, destroyRing, destructionFor, redactKeys, settleDestruction } from './lifecycle.ts'
import {
  initialiseMeta,
  instanceOf,
  ownerOf,
  positionOf,
  ringCount,
  setOwner,
  setPosition,
  setRingCount,
  setSettled,
  settledOf,
  takeRingNumber,
} from './meta.ts'
import { decodeRecord, recordDuration, recordTime, withKey } from './record-codec.ts'
import { destroyDue, noteRetention, scheduleSweep } from './retention.ts'
import { type Retention, Ring } from './ring.ts'
import { decodeRingState, newRingState } from './ring-state.ts'
import type { Submission } from './submission.ts'
import { cameTooLate } from './too-late.ts'
import { keepUp, needsUpkeep, type UpkeepOptions } from './upkeep.ts'

export interface WriterOptions extends UpkeepOptions {
  readonly path: string
  /** Most rings; the records of further keys go to the unattributed ring. */
  readonly maxRings: number
  /** A key got no ring because there are too many. */
  readonly onFull?: () => void
}

/** The store's one writer: everything it does happens inside {@link StoreWriter.commit}. */
export class StoreWriter {
  readonly #environment: Environment
  readonly #retention: Retention
  readonly #maxRings: number
  readonly #onFull: () => void
  readonly #upkeep: UpkeepOptions
  readonly #owner = randomBytes(16)
  readonly #instance: Buffer
  /** Rings touched by the current transaction. */
  readonly #rings = new Map<string, Ring>()
  /** Keys whose rings it destroyed. */
  readonly #destroyed = new Set<string>()
  readonly #access = { ring: (key: string) => this.#existing(key) }
  /** The current transaction's time, Unix ms. */
  #now = 0
  #full = false
  /** Time of the newest record that it submitted, Unix ms; 0 for none, null where what it submits is older. */
  #newest: number | null = 0
  /** Times that bytes which must not stay were removed: the journal may have them still. */
  #erasures = 0

  /** Takes the store over; throws `STORE_FORMAT`. */
  constructor({ environment, path, retention, maxRings, onFull, hold }: WriterOptions) {
    this.#environment = environment
    this.#retention = retention
    this.#maxRings = maxRings
    this.#onFull = onFull ?? (() => undefined)
    this.#upkeep = { environment, retention, hold }
    this.#instance = environment.transaction(() => {
      initialiseMeta(environment.meta, path)
      setOwner(environment.meta, this.#owner)
      noteRetention(environment.meta, retention)
      return instanceOf(environment.meta)
    })
  }

  /** Absolute journal offset up to which everything is in the rings. */
  get position(): number {
    return positionOf(this.#environment.meta)
  }

  /** Absolute journal offset before which every intent has been settled. */
  get settled(): number {
    return settledOf(this.#environment.meta)
  }

  /** What the store remembers of its journal. */
  get mark(): JournalMark {
    return journalMarkOf(this.#environment.meta)
  }

  /** Within {@link commit}. */
  setMark(mark: JournalMark): void {
    setJournalMark(this.#environment.meta, mark)
    if (mark.clean) endRun(this.#environment.meta)
  }

  /** Notes a run that begins; returns what the one before may have lost. Within {@link commit}. */
  beginRun(run: Run): Gap | null {
    const { meta } = this.#environment
    if (this.#newest) noteNewest(meta, this.#newest)
    this.#newest = null
    return beginRun(meta, run)
  }

  /** Counts the rings destroyed, and the records that came too late for theirs. */
  get erasures(): number {
    return this.#erasures
  }

  /** Random id of this store, 16 bytes. */
  get instance(): Buffer {
    return this.#instance
  }

  /** Notes that every intent before `position` has its record. Within {@link commit}. */
  settle(position: number): void {
    setSettled(this.#environment.meta, position)
  }

  /**
   * One durable transaction: what `work` submits, and the journal position it brings the store to.
   * `now` is Unix ms. Throws `STORE_LOCKED` once another process has taken the store over, `STORE_UNAVAILABLE` for
   * a record where the store has no room.
   */
  commit(position: number, now: number, work: () => void): void {
    const { meta, keys, changes } = this.#environment
    this.#environment.transaction(() => {
      this.#rings.clear()
      this.#destroyed.clear()
      this.#now = now
      this.#newest = 0
      this.#full = this.#environment.full
      if (!ownerOf(meta)?.equals(this.#owner)) {
        throw new KeytrailError(
          'STORE_LOCKED',
          'another keytrail has taken this data directory over; stop one',
        )
      }
      work()
      for (const [key, ring] of this.#rings) {
        ring.evict(this.#retention, now)
        ring.save(keys, key === '' ? UNATTRIBUTED_KEY : ringStateKey(key))
      }
      if (this.#newest) noteNewest(meta, this.#newest)
      noteChanges(changes, new Set([...this.#rings.keys(), ...this.#destroyed]))
      const { hold } = this.#upkeep
      if (hold?.isUnnoted === true) setClockState(meta, hold.note())
      setPosition(meta, position)
    })
  }

  /** Puts a record into its ring. Within {@link commit}. */
  submit(submission: Submission): void {
    if (this.#full)
      throw new KeytrailError('STORE_UNAVAILABLE', 'store.mapSize is in use: raise it, or wait for room')
    const { otherKey } = submission
    // As it was given: a ring may raise it.
    if (this.#newest !== null) this.#newest = boundedTime(recordTime(submission.record, 0))
    if (otherKey !== '' && storedKey(otherKey) !== storedKey(submission.key)) {
      // A copy: each ring may raise the time in its bytes.
      const record = Buffer.from(submission.record)
      this.#append({ ...submission, key: otherKey, destruction: 'none', record })
    }
    this.#append(submission)
  }

  #append(submission: Submission): void {
    const ring = this.#ringFor(submission)
    if (ring === null) return
    const { key, destruction, record } = submission
    if (destruction === 'tokens') forgetCredentialsOf(this.#environment, storedKey(key))
    if (ring.key === '') ring.append(withKey(record, key))
    else if (destruction === 'none' || destruction === 'tokens') ring.append(record)
    else this.#appendDestruction(ring, submission)
  }

  /** Keeps a token's issuer. Within {@link commit}. */
  learn(credential: Credential): void {
    keepCredential(this.#environment, credential)
  }

  /** Notes that `count` records of `key` were never recorded. Within {@link commit}. */
  countLost(key: string, count: number): void {
    const ring = (fitsRing(key) ? this.#existing(storedKey(key)) : null) ?? this.#unattributed()
    ring.state.lost += count
  }

  /** Whether {@link sweep} would find anything to do at `now` (Unix ms). */
  hasTimers(now: number): boolean {
    return needsUpkeep(this.#upkeep, now)
  }

  /**
   * Drops what is too old in rings that nobody writes to, executes due destructions, forgets expired tokens
   * and old tombstones; at most `limit` timers. Within {@link commit}. Returns how many there were.
   */
  sweep(now: number, limit: number): number {
    const destroyed = this.destroyDue(now, limit)
    if (destroyed === limit) return limit
    return destroyed + keepUp(this.#upkeep, { now, limit: limit - destroyed }, this.#access)
  }

  /** Carries out at most `limit` scheduled destructions that are due. Within {@link commit}. Returns how many. */
  destroyDue(now: number, limit: number): number {
    const destroyed = new Set<string>()
    const found = destroyDue(
      this.#environment,
      { now, limit },
      {
        ...this.#access,
        destroyed: (key) => {
          this.#noteDestroyed(key)
          destroyed.add(key)
        },
      },
    )
    this.#redact(destroyed)
    return found
  }

  #appendDestruction(ring: Ring, submission: Submission): void {
    // Decoded before the ring may raise its time: after a clock's step back, a raised time would make the
    // records of a key that appears again look as if they had come too late.
    const record = decodeRecord(submission.record, 0, submission.record.length, ring.key)
    ring.append(submission.record)
    if (submission.destruction === 'now') {
      destroyRing(this.#environment, ring, askedDestruction(record))
      this.#noteDestroyed(ring.key)
      this.#redact(new Set([ring.key]))
    } else {
      settleDestruction(this.#environment.schedule, ring, destructionFor(submission, record))
    }
  }

  #noteDestroyed(key: string): void {
    this.#erasures++
    this.#rings.delete(key)
    this.#destroyed.add(key)
  }

  /** After a destruction no read returns a record of the key: nor do those of the unattributed ring (G7). */
  #redact(keys: ReadonlySet<string>): void {
    const unattributed = keys.size === 0 ? null : this.#existing('')
    if (unattributed !== null) redactKeys(unattributed, keys)
  }

  /** null for a record that came too late: its key has been destroyed meanwhile. */
  #ringFor({ key: named, keyProven, destruction, record }: Submission): Ring | null {
    if (!fitsRing(named)) return this.#unattributed()
    const key = storedKey(named)
    const existing = this.#existing(key)
    const began = recordTime(record, 0) - recordDuration(record, 0)
    if (existing !== null && began >= existing.state.openedAt) return existing
    if (cameTooLate(this.#environment, { key, record, now: this.#now })) {
      this.#erasures++
      return null
    }
    if (existing !== null) return existing
    const { meta } = this.#environment
    const rings = ringCount(meta)
    // A key that is destroyed at once has its ring for this one record: to be in its tombstone.
    const full = rings >= this.#maxRings && destruction !== 'now'
    if (keyProven && full) this.#onFull()
    if (!keyProven || full) return this.#unattributed()
    setRingCount(meta, rings + 1)
    return this.#open(key, takeRingNumber(meta), recordTime(record, 0))
  }

  #existing(key: string): Ring | null {
    const touched = this.#rings.get(key)
    if (touched !== undefined) return touched
    const { keys, records } = this.#environment
    const stored = keys.get(key === '' ? UNATTRIBUTED_KEY : ringStateKey(key))
    if (stored === undefined) return null
    const ring = new Ring(key, decodeRingState(stored), records)
    this.#rings.set(key, ring)
    return ring
  }

  #unattributed(): Ring {
    return this.#existing('') ?? this.#open('', UNATTRIBUTED_RING, this.#now)
  }

  #open(key: string, number: number, now: number): Ring {
    const { records, schedule } = this.#environment
    const ring = new Ring(key, newRingState(number, now, genesisHash(this.#instance, number, key)), records)
    this.#rings.set(key, ring)
    scheduleSweep(schedule, ring, now + this.#retention.ageMs)
    return ring
  }
}
