import { recordOutcome } from './record-codec.ts'
import type { RingView } from './ring-view.ts'

/** How many failures there are from `from` (Unix ms) on and behind position `after`; null beyond `budget` records. */
export function failuresIn(view: RingView, from: number, after: number, budget: number) {
  const first = Math.max(view.first, view.firstSince(from), after + 1)
  if (view.end - first > budget) return null
  let failures = 0
  view.walkBack(first, view.end, (bytes, start) => {
    if (recordOutcome(bytes, start) === 'failure') failures++
    return true
  })
  return { failures, position: view.end - 1 }
}
