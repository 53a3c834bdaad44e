import { html, nothing, type TemplateResult } from 'lit'
import type { KeyView } from '../address.ts'
import type { KeyHistory } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { boundsOf } from '../period.ts'
import { icon } from './icon.ts'

/** What the table can't show, in one line. */
export function coverageLine(part: Part, view: KeyView, history: KeyHistory): TemplateResult {
  const { texts, formats, now } = part.state
  const page = history.listing.page
  if (page === null) return html`${nothing}`
  const { oldest, evictedByCount, evictedByAge, lost, unknown, clockHeld, gaps = [] } = page.coverage
  const newest = gaps.at(-1)
  const gone = evictedByCount + evictedByAge > 0
  const oldestMs = oldest === null ? null : Date.parse(oldest)
  const reachesBack = gone && (oldestMs === null || boundsOf(view.period, now).from < oldestMs)
  const facts = [
    oldestMs === null ? texts.nothingKept : texts.keptSince(formats.second(oldestMs)),
    ...(gone ? [texts.evicted(formats.count(evictedByCount), formats.count(evictedByAge))] : []),
    ...(lost > 0 ? [texts.lost(formats.count(lost))] : []),
    ...(unknown > 0 ? [texts.unknown(formats.count(unknown))] : []),
    ...(newest === undefined
      ? []
      : [
          texts.gap(
            formats.second(Date.parse(newest.from)),
            formats.second(Date.parse(newest.to)),
            gaps.length - 1,
          ),
        ]),
    ...(gone || lost + gaps.length > 0 ? [] : [texts.complete]),
    ...(reachesBack ? [texts.beforeKept] : []),
    ...(clockHeld ? [texts.clockHeld] : []),
  ]
  const warn = reachesBack || lost + gaps.length > 0 || clockHeld === true
  return html`<p class="coverage ${warn ? 'warn' : ''}">${warn ? icon('warning') : nothing}<span>${facts.join(' · ')}</span></p>`
}
