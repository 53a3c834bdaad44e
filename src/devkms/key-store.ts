import { createHash, randomUUID } from 'node:crypto'
import { serviceFailure } from './failure.ts'
import { changeStatus, type Key } from './key.ts'
import { generateMaterial, type KeyType } from './material.ts'
import { rotateIfDue, scheduleRotation } from './rotation.ts'

/** What a new key is to be. */
export interface KeyPlan {
  readonly keyName: string
  readonly keyType: KeyType
  readonly protectionType: string
  readonly isConvergent: boolean
  readonly isAutoRotation: boolean
  /** Days. */
  readonly rotationPeriod: number
  readonly memo: string
}

/** How long a requested deletion can be cancelled (API page security-kms2-request-key-deletion). */
const deletionDelayMs = 72 * 3_600_000

/** More keys than any test or demo makes; a bound, so that a loop gone wild can't eat the memory. */
const keyLimit = 10_000

/** The documentation's key tags are 52 characters long. */
const tagLength = 52

/** All keys of one development key API, in memory. Timers are judged by the clock whenever a key is looked at. */
export class KeyStore {
  readonly #keys = new Map<string, Key>()
  readonly #clock: () => number

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** Makes a key with its first version. Fails with KEY_LIMIT_EXCEEDED. */
  async create(plan: KeyPlan): Promise<Key> {
    const material = await generateMaterial(plan.keyType)
    if (this.#keys.size >= keyLimit) {
      throw serviceFailure('KEY_LIMIT_EXCEEDED', `there are at most ${keyLimit} keys: delete some first`)
    }
    const now = this.#clock()
    const keyId = randomUUID()
    const key: Key = {
      ...plan,
      keyId,
      keyTag: createHash('sha256').update(`${keyId}:${plan.keyName}`).digest('hex').slice(0, tagLength),
      registerDate: now,
      status: 'ENABLE',
      statusDate: now,
      deletionDate: null,
      nextRotationDate: null,
      versions: [{ version: 1, material, enabled: true, registerDate: now }],
      isAclEnabled: false,
      allowedAddresses: new Set(),
      tokenGenerator: null,
    }
    scheduleRotation(key, now)
    this.#keys.set(key.keyTag, key)
    return key
  }

  /** The key as it is now, after deletions and rotations that have become due; null where there is none. */
  async find(keyTag: string): Promise<Key | null> {
    const key = this.#keys.get(keyTag)
    if (key === undefined) return null
    this.#deleteIfDue(key)
    await rotateIfDue(key, this.#clock())
    return this.#keys.get(keyTag) ?? null
  }

  /** Every key, oldest first. */
  list(): readonly Key[] {
    for (const key of this.#keys.values()) this.#deleteIfDue(key)
    return [...this.#keys.values()]
  }

  /** Marks the key for deletion in 72 hours. */
  scheduleDeletion(key: Key): void {
    const now = this.#clock()
    changeStatus(key, 'REVOKE', now)
    key.deletionDate = now + deletionDelayMs
  }

  /** Deletes the key at once, with everything it holds. */
  delete(key: Key): void {
    this.#keys.delete(key.keyTag)
  }

  #deleteIfDue(key: Key): void {
    if (key.deletionDate !== null && key.deletionDate <= this.#clock()) this.delete(key)
  }
}
