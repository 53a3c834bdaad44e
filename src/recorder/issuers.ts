import { createHmac } from 'node:crypto'
import type { Requester } from '../record.ts'
import { type Credential, credentialOf } from '../store/credentials.ts'
import type { Database } from '../store/environment.ts'
import { boundedTime, storedKey } from '../store/layout.ts'

export interface IssuersOptions {
  /** The store's key for hashing tokens; never printed. */
  readonly key: Uint8Array
  readonly credentials: Database
  /** Unix ms. */
  readonly clock: () => number
}

/** Issuers learned lately, kept until the store surely has them. */
const CACHE_SIZE = 10_000
/** How long the store may take to forget a key's tokens, in ms: far more than the rings ever lag behind. */
const FORGOTTEN_MS = 60_000
/** Hex digits of a token's keyed hash that are shown in its stead. */
const SHORT_HASH_DIGITS = 16

/** Who a bearer token acts for. Tokens are looked up by keyed hash and never kept. */
export class Issuers {
  readonly #key: Uint8Array
  readonly #credentials: Database
  readonly #clock: () => number
  readonly #recent = new Map<string, Credential>()
  /** Keys whose tokens the store may still know, until when. */
  readonly #forgotten = new Map<string, number>()

  constructor({ key, credentials, clock }: IssuersOptions) {
    this.#key = key
    this.#credentials = credentials
    this.#clock = clock
  }

  /** The requester of a request with `token`: its issuer; else what its claims say; else its short hash. */
  requester(token: string, claimed: Requester): Requester {
    const hash = this.#hash(token)
    const hex = hash.toString('hex')
    const credential = hex.slice(0, SHORT_HASH_DIGITS)
    const id = this.#issuer(hash, hex) ?? claimed.id
    return { id: id === '' ? credential : id, kind: 'token', credential }
  }

  /** Notes that `token` was issued for `key` to `issuer`, for `lifetimeMs` (Infinity: without end). */
  learn(token: string, lifetimeMs: number, issuer: string, key: string): Credential {
    // A lifetime comes from outside; one that is no number has run out.
    const expires = boundedTime(this.#clock() + lifetimeMs) || 0
    const credential: Credential = { hash: this.#hash(token), expires, issuer, key }
    if (this.#recent.size >= CACHE_SIZE) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest)
        break
      }
    }
    this.#recent.set(credential.hash.toString('hex'), credential)
    return credential
  }

  /** Forgets the tokens issued for `key`; the store does so when the record that says it is applied. */
  forget(key: string): void {
    for (const [hex, credential] of this.#recent) if (credential.key === key) this.#recent.delete(hex)
    const now = this.#clock()
    for (const [old, until] of this.#forgotten) if (until <= now) this.#forgotten.delete(old)
    this.#forgotten.set(storedKey(key), now + FORGOTTEN_MS)
  }

  #issuer(hash: Buffer, hex: string): string | null {
    const now = this.#clock()
    const recent = this.#recent.get(hex)
    if (recent !== undefined) return recent.expires > now ? recent.issuer : null
    const stored = credentialOf(this.#credentials, hash, now)
    if (stored === null || (this.#forgotten.get(stored.key) ?? 0) > now) return null
    return stored.issuer
  }

  #hash(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest()
  }
}
