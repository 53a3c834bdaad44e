import type { Operation } from '../dialect/dialect.ts'
import type { KeyNames } from '../recorder/key-names.ts'
import type { Ending } from './outcome.ts'

/** What one exchange calls its keys, where the key API knows several names for one. */
export class NamedKeys {
  readonly #names: KeyNames
  readonly #operation: Operation
  /** When the request came, in ms of a monotonic clock. */
  readonly #began: number
  #asked = ''
  #askedOther = ''
  /** What the name under change stood for; null while none is. */
  #before: string | null = null

  constructor(names: KeyNames, operation: Operation, began: number) {
    this.#names = names
    this.#operation = operation
    this.#began = began
    this.resolve()
  }

  /** The names as the request has them. */
  get asked(): readonly string[] {
    return [this.#asked, this.#askedOther]
  }

  /** Puts full names, as far as known, in the place of the request's, which have just been read. */
  resolve(): void {
    const operation = this.#operation
    this.#asked = operation.key
    this.#askedOther = operation.otherKey
    operation.key = this.#names.fullName(operation.key)
    operation.otherKey = this.#names.fullName(operation.otherKey)
  }

  /** The request is about to be sent. */
  suspend(): void {
    const alias = this.#operation.bodyFields?.alias ?? ''
    if (alias !== '') this.#before = this.#names.suspend(alias)
  }

  /** Learns what the ending shows, and gives its keys their full names. */
  settle(ending: Ending): Ending {
    const key = this.#settleKey(this.#asked, ending.key, this.#operation.key)
    const otherKey = this.#settleKey(this.#askedOther, ending.otherKey, this.#operation.otherKey)
    this.#changeAlias(ending, key)
    const keyProven =
      ending.keyProven && this.#names.isFull(key) && (otherKey === '' || this.#names.isFull(otherKey))
    return { ...ending, key, otherKey, keyProven }
  }

  /** The key's full name: as the answer shows it, else as it was known when the request came. */
  #settleKey(asked: string, shown: string, known: string): string {
    if (!this.#names.isFull(shown)) return known
    this.#names.saw(asked, shown, this.#began)
    return shown
  }

  /** A change whose outcome is not known leaves it open what the name stands for. */
  #changeAlias({ outcome, alias }: Ending, key: string): void {
    const name = this.#operation.bodyFields?.alias ?? ''
    if (this.#before === null || outcome === 'unknown') return
    if (outcome === 'failure') this.#names.change(name, this.#before, this.#before)
    else this.#names.change(name, this.#before, alias === null || alias.removed ? '' : key)
    this.#before = null
  }
}
