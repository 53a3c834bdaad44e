import type { ConfigDocument } from './schema.ts'

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Frozen<T[Name]> }
    : T

type DocumentHistory = ConfigDocument['history']
type DocumentToken = Exclude<DocumentHistory['auth'], 'none'>['tokens'][number]

/** A bearer token of the history API; `sha256` in lower-case hex, whether it was given or its file was read. */
export type HistoryToken = Frozen<Omit<DocumentToken, 'file' | 'sha256'>> & { readonly sha256: string }

/** A JWK set (RFC 7517 5) as it stood in its file. */
export interface KeySet {
  readonly keys: Record<string, unknown>[]
}

/** Whose JWTs are believed; `jwks` is the URL of the key set, or the set itself. */
export interface HistoryJwt {
  readonly jwks: string | KeySet
  readonly issuer: string
  readonly audience: string
}

/** Who may read histories. */
export type HistoryAuth =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'tokens'
      readonly tokens: readonly HistoryToken[]
      readonly certificates: Frozen<Exclude<DocumentHistory['auth'], 'none'>['certificates']>
      readonly jwt?: HistoryJwt
    }

/**
 * The effective configuration, checked, parsed and deeply frozen: durations are ms, sizes bytes, CIDRs and
 * addresses canonical text, and the files that it names are read.
 */
export type Config = Frozen<Omit<ConfigDocument, 'requesters' | 'history'>> & {
  /** Access key → account id. Has no prototype, so that an access key `constructor` finds nothing. */
  readonly requesters: Readonly<Record<string, string>>
  readonly history: Frozen<Omit<DocumentHistory, 'auth'>> & { readonly auth: HistoryAuth }
}
