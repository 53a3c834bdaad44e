/** A record on its way into its ring. */
export interface Submission {
  /** '' where the request named none. */
  readonly key: string
  /** The answer proves that the key (and the other one) exists: it may open a ring. */
  readonly keyProven: boolean
  readonly destruction: 'none' | 'now' | 'scheduled' | 'cancelled' | 'tokens'
  /** When a scheduled destruction is due, Unix ms. */
  readonly destroyAt: number
  /** A second key that the same exchange used: its ring gets the record, too; '' for none. */
  readonly otherKey: string
  /** The record's bytes (record-codec.ts), its key aside. The time in them may be raised. */
  readonly record: Buffer
}
