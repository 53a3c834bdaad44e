import { Resolver } from 'node:dns/promises'

/** Finds the name that stands for an address; null where there is none. Rejects where nobody answers. */
export type Lookup = (address: string) => Promise<string | null>

export interface HostNamesOptions {
  /** Names by canonical address; they win over DNS. */
  readonly names: Readonly<Record<string, string>>
  /** Asks the DNS; null never to. */
  readonly lookup: Lookup | null
  /** Unix ms. */
  readonly clock: () => number
  /** How long a reader waits for names that are not known yet, in ms. */
  readonly patienceMs?: number
}

/** Names known from the DNS, whether there is one or not. */
const MOST_KNOWN = 10_000
/** Lookups under way; what is beyond shows its address and is looked up at a later reading. */
const MOST_LOOKUPS = 32
const FOUND_MS = 10 * 60_000
const NOT_FOUND_MS = 2 * 60_000
const PATIENCE_MS = 150
const LOOKUP_TIMEOUT_MS = 1000

/** RFC 1123 2.1 labels, and the underscore that names of services have. */
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i

/** Names of addresses at the time of reading; an address's name is no part of its record. */
export class HostNames {
  readonly #options: HostNamesOptions
  /** In the order in which they were looked up. */
  readonly #known = new Map<string, { readonly name: string | null; readonly until: number }>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: HostNamesOptions) {
    this.#options = options
  }

  /** The names of those of `addresses` that have one, as far as they can be had at once or within the patience. */
  async find(addresses: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const distinct = new Set(addresses)
    const pending = [...distinct].map((address) => this.#start(address)).filter((one) => one !== null)
    if (pending.length > 0) await this.#wait(pending)
    const found = new Map<string, string>()
    for (const address of distinct) {
      const name = this.#nameOf(address)
      if (name !== null) found.set(address, name)
    }
    return found
  }

  #nameOf(address: string): string | null {
    if (Object.hasOwn(this.#options.names, address)) return this.#options.names[address] ?? null
    return this.#known.get(address)?.name ?? null
  }

  /** The lookup of this address, started if need be; null where none is needed or possible now. */
  #start(address: string): Promise<void> | null {
    const { lookup, names, clock } = this.#options
    if (lookup === null || address === '' || Object.hasOwn(names, address)) return null
    const running = this.#running.get(address)
    if (running !== undefined) return running
    if ((this.#known.get(address)?.until ?? 0) > clock() || this.#running.size >= MOST_LOOKUPS) return null
    const started = lookup(address)
      .catch(() => null)
      .then((name) => {
        this.#running.delete(address)
        this.#keep(address, name !== null && HOST_NAME.test(name) ? name : null)
      })
    this.#running.set(address, started)
    return started
  }

  #keep(address: string, name: string | null): void {
    this.#known.delete(address)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < MOST_KNOWN) break
      this.#known.delete(oldest)
    }
    this.#known.set(address, {
      name,
      until: this.#options.clock() + (name === null ? NOT_FOUND_MS : FOUND_MS),
    })
  }

  async #wait(pending: readonly Promise<void>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((done) => {
      timer = setTimeout(done, this.#options.patienceMs ?? PATIENCE_MS)
    })
    await Promise.race([Promise.all(pending), patience])
    clearTimeout(timer)
  }
}

/**
 * Reverse DNS. Whoever holds an address chooses the name it points at, so a name counts only where it leads back
 * to the address.
 */
export function reverseDns(servers?: readonly string[]): Lookup {
  const resolver = new Resolver({ timeout: LOOKUP_TIMEOUT_MS, tries: 1 })
  if (servers !== undefined) resolver.setServers(servers)
  return async (address) => {
    const [name] = await resolver.reverse(address)
    if (name === undefined) return null
    const addresses = address.includes(':') ? await resolver.resolve6(name) : await resolver.resolve4(name)
    return addresses.includes(address) ? name : null
  }
}
