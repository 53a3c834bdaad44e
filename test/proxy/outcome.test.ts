import t from 'tap'
import { answered, brokenOff, keyEffect, OPEN, refused, unanswered } from '../../src/proxy/outcome.ts'

const judgement = {
  outcome: 'success',
  errorCode: '',
  requestId: 'r',
  key: 'k',
  otherKey: '',
  alias: null,
  keyVersion: '2',
  items: 3,
  issued: [],
  destruction: null,
} as const

t.test('an answer is recorded as the dialect judged it', async (t) => {
  t.match(answered(200, judgement), {
    outcome: 'success',
    status: 200,
    requestId: 'r',
    key: 'k',
    items: 3,
    reason: '',
  })
})

t.test('without an answer, only what never left is a failure', async (t) => {
  t.match(unanswered({ kind: 'unreachable', message: '' }), { outcome: 'failure', status: 502 })
  t.match(unanswered({ kind: 'timeout', message: '' }), { outcome: 'unknown', status: 504 })
  t.match(unanswered({ kind: 'broken', message: '' }), { outcome: 'unknown', status: 502 })
  t.match(brokenOff('client-gone', false), { outcome: 'failure', status: 0 })
  t.match(brokenOff('client-gone', true), { outcome: 'unknown', status: 0 })
  t.match(brokenOff('body-too-large', true), { outcome: 'unknown', status: 413 })
  t.match(brokenOff('malformed', false), { outcome: 'failure', status: 400, reason: 'malformed' })
  t.match(brokenOff('request-timeout', true), { outcome: 'unknown', status: 408, reason: 'request-timeout' })
  t.match(refused(403, 'acl'), { outcome: 'failure', status: 403, reason: 'acl' })
  t.match(OPEN, { outcome: 'unknown', status: 0 })
})

t.test('only success proves a key or destroys it', async (t) => {
  const destruction = { kind: 'now' } as const
  t.match(keyEffect({ ...answered(200, judgement), destruction }, 'k', '', 5), {
    keyProven: true,
    destruction: 'now',
  })
  t.match(keyEffect({ ...answered(200, judgement), outcome: 'failure', destruction }, 'k', '', 5), {
    keyProven: false,
    destruction: 'none',
  })
  t.match(keyEffect({ ...answered(200, judgement), destruction }, '', '', 5), {
    keyProven: false,
    destruction: 'none',
  })
  const scheduled = { ...answered(200, judgement), destruction: { kind: 'scheduled', afterMs: 10 } as const }
  t.match(keyEffect(scheduled, 'k', '', 5), { keyProven: true, destruction: 'scheduled', destroyAt: 15 })
  const at = { ...answered(200, judgement), destruction: { kind: 'scheduled-at', at: 99 } as const }
  t.match(keyEffect(at, 'k', '', 5), { destruction: 'scheduled', destroyAt: 99 })
  const cancelled = { ...answered(200, judgement), destruction: { kind: 'cancelled' } as const }
  t.match(keyEffect(cancelled, 'k', '', 5), { destruction: 'cancelled', destroyAt: 0 })
})
