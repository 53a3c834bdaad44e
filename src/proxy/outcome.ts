import type { AliasChange, Destruction, Judgement } from '../dialect/dialect.ts'
import type { Outcome } from '../record.ts'
import { type KeyEffect, NO_EFFECT } from '../recorder/entry.ts'
import type { BodyFailure } from './request-body.ts'
import type { UpstreamFailure } from './upstream.ts'

/** What an exchange came to, as it is recorded. */
export interface Ending {
  readonly outcome: Outcome
  /** HTTP status the client gets; 0 where nobody is left to get one. */
  readonly status: number
  readonly errorCode: string
  readonly requestId: string
  /** The key the answer names; '' for the operation's own. */
  readonly key: string
  /** The same of the second key. */
  readonly otherKey: string
  /** The answer proves that the key (and the second one) exists. */
  readonly keyProven: boolean
  readonly alias: AliasChange | null
  readonly keyVersion: string
  readonly items: number
  readonly reason: string
  readonly destruction: Destruction | null
}

/** How an exchange stands while nobody knows its outcome: what its intent says. */
export const OPEN: Ending = {
  outcome: 'unknown',
  status: 0,
  errorCode: '',
  requestId: '',
  key: '',
  otherKey: '',
  keyProven: false,
  alias: null,
  keyVersion: '',
  items: 0,
  reason: '',
  destruction: null,
}

/** The upstream answered. */
export function answered(status: number, judgement: Judgement): Ending {
  const { outcome, errorCode, requestId, key, otherKey, alias, keyVersion, items, destruction } = judgement
  const keyProven = outcome === 'success'
  const reason = ''
  // biome-ignore format: one shape, as OPEN has it
  return { outcome, status, errorCode, requestId, key, otherKey, keyProven, alias, keyVersion, items, reason, destruction }
}

/** The upstream has opened a tunnel, which is over; `sent` and `received` are the client's bytes. */
export function tunnelled(sent: number, received: number): Ending {
  const reason = `tunnel: ${sent} bytes sent, ${received} received`
  return { ...OPEN, outcome: 'success', status: 101, keyProven: true, reason }
}

/** The sidecar refused the request: the upstream never saw it. */
export function refused(status: number, reason: string): Ending {
  return { ...OPEN, outcome: 'failure', status, reason }
}

/** The upstream gave no answer. */
export function unanswered({ kind }: UpstreamFailure): Ending {
  if (kind === 'unreachable')
    return { ...OPEN, outcome: 'failure', status: 502, reason: 'upstream-unreachable' }
  if (kind === 'busy') return { ...OPEN, outcome: 'failure', status: 503, reason: 'upstream-busy' }
  if (kind === 'timeout') return { ...OPEN, status: 504, reason: 'upstream-timeout' }
  return { ...OPEN, status: 502, reason: 'upstream-broke-off' }
}

/** The request's body broke off; `forwarded`: some of it may have been executed. */
export function brokenOff(failure: BodyFailure, forwarded: boolean): Ending {
  return {
    ...OPEN,
    outcome: forwarded ? 'unknown' : 'failure',
    status: BODY_STATUS[failure],
    reason: failure,
  }
}

const BODY_STATUS: Readonly<Record<BodyFailure, number>> = {
  'body-too-large': 413,
  'client-gone': 0,
  malformed: 400,
  'request-timeout': 408,
}

/** What the ending means for the rings of the record's key and of the second one; `now` is Unix ms. */
export function keyEffect(ending: Ending, key: string, otherKey: string, now: number): KeyEffect {
  const effect = ringEffect(ending, key, now)
  return otherKey === '' ? effect : { ...effect, otherKey }
}

function ringEffect({ outcome, keyProven, destruction }: Ending, key: string, now: number): KeyEffect {
  if (outcome !== 'success' || !keyProven || key === '') return NO_EFFECT
  if (destruction === null) return PROVEN
  switch (destruction.kind) {
    case 'now':
      return { keyProven: true, destruction: 'now', destroyAt: 0, otherKey: '' }
    case 'scheduled':
      return { keyProven: true, destruction: 'scheduled', destroyAt: now + destruction.afterMs, otherKey: '' }
    case 'scheduled-at':
      return { keyProven: true, destruction: 'scheduled', destroyAt: destruction.at, otherKey: '' }
    case 'cancelled':
      return { keyProven: true, destruction: 'cancelled', destroyAt: 0, otherKey: '' }
    case 'tokens':
      return { keyProven: true, destruction: 'tokens', destroyAt: 0, otherKey: '' }
    default:
      return destruction satisfies never
  }
}

const PROVEN: KeyEffect = { keyProven: true, destruction: 'none', destroyAt: 0, otherKey: '' }
