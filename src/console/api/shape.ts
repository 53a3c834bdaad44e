/** The history API's answers, as far as the console shows them; /openapi.json describes them whole. */
export type Outcome = 'success' | 'failure' | 'unknown'
export type Channel = 'console' | 'api' | 'system'

export interface Requester {
  readonly id?: string
  readonly kind: string
  readonly credential?: string
  readonly verified: boolean
}

export interface AuditRecord {
  readonly seq: number
  /** RFC 3339, as all times of the API. */
  readonly time: string
  readonly durationMs: number
  readonly channel: Channel
  readonly address?: string
  readonly host?: string
  readonly addressSource: string
  readonly requester: Requester
  readonly action: string
  readonly class: string
  readonly key?: string
  readonly keyVersion?: string
  readonly outcome: Outcome
  readonly status?: number
  readonly errorCode?: string
  readonly requestId?: string
  readonly items?: number
  readonly reason?: string
}

export interface Coverage {
  readonly oldest: string | null
  readonly evictedByCount: number
  readonly evictedByAge: number
  readonly lost: number
  readonly unknown: number
  /** The clock is not believed: what it makes too old is hidden, but kept. */
  readonly clockHeld?: true
  /** When records may have been lost that nothing counts, oldest first. */
  readonly gaps?: readonly { readonly from: string; readonly to: string }[]
  readonly head: { readonly seq: number; readonly hash: string }
}

export interface HistoryAnswer {
  readonly records: readonly AuditRecord[]
  readonly nextCursor: string | null
  readonly total: number | null
  readonly coverage: Coverage
}

export interface ValueCount {
  readonly value: string
  readonly records: number
  readonly failures: number
}

export interface HistogramAnswer {
  readonly from: string
  readonly to: string
  readonly bucketMs: number
  readonly success: readonly number[]
  readonly failure: readonly number[]
  readonly unknown: readonly number[]
  readonly actions: readonly ValueCount[]
  readonly requesters: readonly ValueCount[]
  readonly countedFrom: string | null
}

export interface KeyAnswer {
  readonly key: string
  readonly state: string
  readonly destroyAt?: string
  readonly since: string
  readonly records: number
  readonly lastActivity: string | null
  readonly lastUse: {
    readonly time: string
    readonly action?: string
    readonly requester?: string
    readonly address?: string
  } | null
  readonly failures24h: number | null
  /** The sink that its records are streamed to; null or missing for none. */
  readonly logAnalytics?: { readonly sink: string } | null
}

export interface KeysAnswer {
  readonly keys: readonly KeyAnswer[]
  readonly nextCursor: string | null
}

export interface Tombstone {
  readonly key: string
  readonly time: string
  readonly by: string
  readonly address?: string
  readonly records: number
  readonly hash: string
}

export interface TombstonesAnswer {
  readonly tombstones: readonly Tombstone[]
  readonly nextCursor: string | null
}
