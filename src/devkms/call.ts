import type { Fields } from './field.ts'
import type { Key } from './key.ts'
import type { KeyStore } from './key-store.ts'

/** An authenticated request, as the handlers see it. */
export interface Call {
  readonly store: KeyStore
  /** Who asks; for a token the account it was issued to. */
  readonly accountId: string
  readonly fields: Fields
  readonly query: URLSearchParams
  /** The path's `{version}`; '' where it has none. */
  readonly version: string
  /** Unix ms. */
  readonly now: number
}

/** Carries out a request that names no key; gives what is answered as `data`. Fails with a KmsFailure. */
export type Handler = (call: Call) => unknown

/** Carries out a request for `key`. */
export type KeyHandler = (key: Key, call: Call) => unknown
