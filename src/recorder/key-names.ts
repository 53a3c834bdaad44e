import { createHmac } from 'node:crypto'
import { type Credential, credentialOf } from '../store/credentials.ts'
import type { Database } from '../store/environment.ts'

/** The two parts of a key's full name, which is that of its ring. */
interface FullName {
  readonly qualifier: string
  readonly short: string
}

export interface KeyNamesOptions {
  /** null for a name that is not a full one. */
  readonly split: (name: string) => FullName | null
  /** The store's key for hashing; never printed. */
  readonly key: Uint8Array
  readonly credentials: Database
  /** Makes what was learned durable, no later than the next record. */
  readonly keep: (credential: Credential) => void
  /** Unix ms. */
  readonly clock: () => number
}

/** What a name stands for. */
interface Meaning {
  /** The key's full name; '' where it is not known, {@link CONTESTED} where there are several. */
  readonly full: string
  /** Unix ms. */
  readonly expires: number
  /** The newest request that showed it began then, or the name was changed then: ms of a monotonic clock. */
  since: number
}

/** Names in memory, kept until the store surely has them. */
const CACHE_SIZE = 10_000
/** A name that nobody used for so long is forgotten; 400 days in ms. */
const LIFETIME_MS = 34_560_000_000
/** Keeps the hash of a name apart from that of a token. */
const DOMAIN = 'key name\0'
/** Stands for several keys, of different owners: it says nothing. No full name is so short. */
const CONTESTED = '*'

const UNKNOWN: Meaning = { full: '', expires: 0, since: 0 }

/**
 * What a key's other names (an alias, an id without its owner) stand for, learned from answers. The store keeps it
 * beside the tokens' issuers, and as those, under keyed hashes with an expiry: without it a restart would put the
 * records of failed requests into other rings.
 */
export class KeyNames {
  readonly #options: KeyNamesOptions
  readonly #recent = new Map<string, Meaning>()

  constructor(options: KeyNamesOptions) {
    this.#options = options
  }

  /** Whether rings can have this name. */
  isFull(name: string): boolean {
    return this.#options.split(name) !== null
  }

  /** The full name of the key that `name` stands for as far as is known; else `name` itself. */
  fullName(name: string): string {
    if (name === '' || this.isFull(name)) return name
    const { full } = this.#find(name)
    return full === '' || full === CONTESTED ? name : full
  }

  /**
   * An answer to a request that named `name` ('' for none) showed the key `full`. `began`: when the request came,
   * in ms of a monotonic clock; what is known from a later one stays.
   */
  saw(name: string, full: string, began: number): void {
    const parts = this.#options.split(full)
    if (parts === null) return
    this.#learn(parts.short, full, began)
    if (name === '' || name === parts.short || this.isFull(name)) return
    for (const form of formsOf(name, parts)) this.#learn(form, full, began)
  }

  /**
   * A request that is about to be sent changes what `name` stands for: from now on nobody knows. Returns what it stood
   * for, for {@link KeyNames.change}.
   */
  suspend(name: string): string {
    const { full } = this.#find(name)
    const parts = this.#options.split(full)
    if (parts !== null) for (const form of formsOf(name, parts)) this.#keep(form, '', performance.now())
    else if (full === '') this.#remember(name, { ...UNKNOWN, since: performance.now() })
    return full
  }

  /** The change is over: `name`, which stood for `before`, stands for the key `full` (anything else: still unknown). */
  change(name: string, before: string, full: string): void {
    const parts = this.#options.split(full)
    if (parts === null) {
      if (before !== CONTESTED) this.#remember(name, { ...UNKNOWN, since: performance.now() })
      return
    }
    for (const form of formsOf(name, parts)) {
      const isRival = !form.startsWith(parts.qualifier) && this.#areRivals(before, full)
      this.#keep(form, isRival ? CONTESTED : full, performance.now())
    }
  }

  #learn(name: string, full: string, began: number): void {
    const known = this.#find(name)
    if (known.since > began) return
    known.since = began
    const fresh = known.expires - this.#options.clock() > LIFETIME_MS / 2
    if (fresh && (known.full === full || known.full === CONTESTED)) return
    this.#keep(name, this.#areRivals(known.full, full) ? CONTESTED : full, began)
  }

  /** Whether two keys of different owners have the name. */
  #areRivals(known: string, full: string): boolean {
    if (known === '') return false
    return known === CONTESTED || this.#qualifier(known) !== this.#qualifier(full)
  }

  #qualifier(full: string): string {
    return this.#options.split(full)?.qualifier ?? ''
  }

  #keep(name: string, full: string, since: number): void {
    const expires = full === '' ? 0 : this.#options.clock() + LIFETIME_MS
    this.#remember(name, { full, expires, since })
    const key = full === CONTESTED ? '' : full
    this.#options.keep({ hash: this.#hash(name), expires, issuer: full, key })
  }

  #find(name: string): Meaning {
    const recent = this.#recent.get(name)
    const now = this.#options.clock()
    if (recent !== undefined) return recent.full === '' || recent.expires > now ? recent : { ...UNKNOWN }
    const stored = credentialOf(this.#options.credentials, this.#hash(name), now)
    if (stored === null) return { ...UNKNOWN }
    return this.#remember(name, { full: stored.issuer, expires: stored.expires, since: 0 })
  }

  #remember(name: string, meaning: Meaning): Meaning {
    if (this.#recent.size >= CACHE_SIZE) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest)
        break
      }
    }
    this.#recent.set(name, meaning)
    return meaning
  }

  #hash(name: string): Buffer {
    return createHmac('sha256', this.#options.key).update(DOMAIN).update(name).digest()
  }
}

/** A name with and without its qualifier. */
function formsOf(name: string, { qualifier }: FullName): string[] {
  return name.startsWith(qualifier) ? [name, name.slice(qualifier.length)] : [name, qualifier + name]
}
