import { html, nothing, type TemplateResult } from 'lit'
import type { KeyView } from '../address.ts'
import { type KeyHistory, PAGE } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { counts } from './counts.ts'
import { coverageLine } from './coverage-line.ts'
import { filterBar } from './filter-bar.ts'
import { linkTo } from './header.ts'
import { icon } from './icon.ts'
import { stateText } from './keys-page.ts'
import { emptyNotice, errorNotice, skeleton } from './notice.ts'
import { paging } from './paging.ts'
import { periodPicker } from './period-picker.ts'
import { picture } from './picture.ts'
import { recordsTable } from './records-table.ts'
import { toolbar } from './toolbar.ts'

/** The usage history of one key. */
export function keyPage(part: Part, view: KeyView): TemplateResult {
  const { state, actions } = part
  const { texts, history, formats } = state
  const summary = history?.summary ?? null
  return html`
    <div class="page-head">
      <div class="title">
        <a class="back" href="?" @click=${linkTo(actions, { page: 'keys', q: '' })}>${icon('left')}${texts.backToKeys}</a>
        <h1 tabindex="-1"><bdi class="key">${visible(view.key)}</bdi></h1>
        <p class="dim">
          ${texts.usageHistory}
          ${summary === null ? nothing : stateText(summary, texts.live, texts.scheduled, formats.minute)}
        </p>
      </div>
      ${periodPicker(part, view)}
    </div>
    ${history === null ? skeleton(10, texts.loading) : body(part, view, history)}
  `
}

function body(part: Part, view: KeyView, history: KeyHistory): TemplateResult {
  const { texts, formats } = part.state
  const { tombstone, listing, exportError, liveError } = history
  if (tombstone !== null) {
    const by = tombstone.by === 'system' ? texts.bySystem : visible(tombstone.by)
    return emptyNotice(texts.keyDestroyed(formats.second(Date.parse(tombstone.time)), by), '')
  }
  // What was shown before stays, and with it what the reader is typing.
  if (listing.error !== null && listing.page === null) return errorNotice(part, listing.error)
  return html`
    <section class="overview" aria-label=${texts.picture}>
      ${picture(part, view, history)}
      ${counts(part, view, history)}
    </section>
    <section class="card history">
      <div class="tools">
        ${filterBar(part, view)}
        ${toolbar(part, history)}
      </div>
      ${listing.error === null ? nothing : errorNotice(part, listing.error)}
      ${exportError === null ? nothing : errorNotice(part, exportError)}
      ${liveError === null ? nothing : errorNotice(part, liveError)}
      ${coverageLine(part, view, history)}
      ${table(part, view, history)}
    </section>
  `
}

function table(part: Part, view: KeyView, history: KeyHistory): TemplateResult {
  const { texts, formats } = part.state
  const { page, index } = history.listing
  if (page === null) return skeleton(12, texts.loading)
  const { records, total } = page
  if (records.length === 0 && index === 0 && page.nextCursor === null) {
    const month = { ...view, period: { kind: 'last', name: '30d' } } as const
    const widen = html`<button @click=${() => part.actions.go(month)}>${texts.showMonth}</button>`
    return emptyNotice(
      texts.noRecords,
      texts.noRecordsHint,
      view.period.kind === 'last' && view.period.name === '30d' ? '' : widen,
    )
  }
  const first = index * PAGE
  const all = total === null ? texts.manyRecords : formats.count(total)
  const where = texts.range(formats.count(first + 1), formats.count(first + records.length), all)
  return html`${recordsTable(part, view, history, records)}${paging(part, history.listing, where)}`
}
