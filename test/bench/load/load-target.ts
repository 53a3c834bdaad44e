/** Where a load goes, and how much of it. */
export interface LoadTarget {
  readonly url: string
  /** Ids of the keys that the requests use in turn. */
  readonly keys: readonly string[]
  readonly connections: number
  readonly seconds: number
}
