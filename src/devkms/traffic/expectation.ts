import type { Channel, Outcome } from '../../record.ts'

/** What the history must show of one request that was sent. Times are Unix ms. */
export interface Expectation {
  readonly sentAt: number
  readonly answeredAt: number
  /** Key tag; '' where the request named no key and made none. */
  readonly key: string
  readonly channel: Channel
  /** API 2.0's name of the action, also for a call of API 1.0. */
  readonly action: string
  /** Account id; for a token that of the account it was issued to. */
  readonly requester: string
  /** `unknown` where no answer came. */
  readonly outcome: Outcome
  /** HTTP status; 0 where no answer came. */
  readonly status: number
  /** The key that this request deleted for good: none of its records may be left. */
  readonly destroyedKey?: string
}
