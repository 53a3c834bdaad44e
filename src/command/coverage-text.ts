import { formatInstant } from '../history/instant.ts'
import type { Gap } from '../store/gap.ts'
import type { Coverage } from '../store/reader.ts'
import { counted, grouped } from './number-text.ts'

/** Digits of a hash that tell two chains apart to the eye. */
const SHOWN_HASH = 12
const SHOWN_GAPS = 3

/** What a history can't show, in one line. */
export function coverageText({
  oldest,
  evictedByCount,
  evictedByAge,
  lost,
  unknown,
  redacted,
  clockHeld,
  gaps = [],
  head,
}: Coverage): string {
  const facts = [
    oldest === null ? 'nothing is kept' : `kept since ${formatInstant(oldest)}`,
    `evicted: ${grouped(evictedByCount)} by count, ${grouped(evictedByAge)} by age`,
    `lost: ${grouped(lost)}`,
    `outcome unknown: ${grouped(unknown)}`,
    ...(redacted === 0 ? [] : [`redacted: ${grouped(redacted)}`]),
    ...(clockHeld ? ['the clock is held: what is too old by it is hidden, but kept'] : []),
    ...gaps.slice(-SHOWN_GAPS).map(gapText),
    ...(gaps.length > SHOWN_GAPS ? [`and ${counted(gaps.length - SHOWN_GAPS, 'earlier gap')}`] : []),
    `chain: ${counted(head.seq, 'record')}, head ${head.hash.slice(0, SHOWN_HASH) || '-'}`,
  ]
  return facts.join('; ')
}

function gapText({ from, to }: Gap): string {
  return `may be lost: what ended between ${formatInstant(from)} and ${formatInstant(to)}`
}
