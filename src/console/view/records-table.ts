import { html, nothing, type TemplateResult } from 'lit'
import { guard } from 'lit/directives/guard.js'
import { repeat } from 'lit/directives/repeat.js'
import type { KeyView } from '../address.ts'
import type { AuditRecord } from '../api/shape.ts'
import type { KeyHistory } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { filterValue } from './filter-bar.ts'
import { icon } from './icon.ts'
import { outcomeMark, statusText } from './outcome-mark.ts'

/** The records of one page, newest first. */
export function recordsTable(
  part: Part,
  view: KeyView,
  history: KeyHistory,
  records: readonly AuditRecord[],
): TemplateResult {
  const { texts } = part.state
  const pause = (): void => part.actions.pauseLive('pointer', true)
  const resume = (): void => part.actions.pauseLive('pointer', false)
  // Who scrolls reads; at the top again the new ones come in.
  const scrolled = (event: Event): void =>
    part.actions.pauseLive('table', (event.target as HTMLElement).scrollTop > 0)
  return html`
    <div
      class="scroll records-scroll" tabindex="0" role="region" aria-label=${texts.usageHistory}
      aria-busy=${String(history.listing.loading)}
      @pointerenter=${pause} @pointerleave=${resume} @scroll=${scrolled}>
      <table class="records">
        <thead>
          <tr>
            <th scope="col">${texts.time}</th>
            <th scope="col">${texts.type}</th>
            <th scope="col">${texts.address}</th>
            <th scope="col">${texts.requester}</th>
            <th scope="col">${texts.action}</th>
            <th scope="col">${texts.response}</th>
          </tr>
        </thead>
        <tbody>${repeat(
          records,
          ({ seq }) => seq,
          (record) => {
            const isFresh = history.live !== null && history.fresh.has(record.seq)
            // Most renderings change nothing of most rows.
            return guard([record, view, texts, part.state.formats, isFresh], () =>
              row(part, view, record, isFresh),
            )
          },
        )}</tbody>
      </table>
    </div>
  `
}

function row(part: Part, view: KeyView, record: AuditRecord, isFresh: boolean): TemplateResult {
  const { texts, formats } = part.state
  const { actions } = part
  const ms = Date.parse(record.time)
  const { action, channel, outcome } = record
  const openRecord = (): void => {
    // A click that ends a selection of text is not one on the row.
    if (String(getSelection()) === '') actions.openRecord(record)
  }
  return html`
    <tr class="${outcome} ${isFresh ? 'fresh' : ''}" data-seq=${record.seq} @click=${openRecord}>
      <td class="when">
        <button class="open" aria-label=${texts.openRecord(formats.second(ms) + formats.fraction(ms))}>
          <time datetime=${record.time}>${formats.second(ms)}<span class="fraction">${formats.fraction(ms)}</span></time>
        </button>
      </td>
      <td data-label=${texts.type}>${filterValue(part, view, { channel }, texts.channels[channel], texts.channels[channel])}</td>
      <td data-label=${texts.address}>${addressCell(part, view, record)}</td>
      <td data-label=${texts.requester}>${requesterCell(part, view, record)}</td>
      <td data-label=${texts.action} class="action">
        ${filterValue(part, view, { action }, html`<bdi>${visible(action)}</bdi>`, visible(action))}
      </td>
      <td data-label=${texts.response} class="response">
        ${filterValue(part, view, { outcome }, outcomeMark(texts, outcome), texts.outcomes[outcome])}
        <span class="status">${outcome === 'success' ? nothing : statusText(record)}</span>
      </td>
    </tr>
  `
}

function addressCell(part: Part, view: KeyView, { address, host }: AuditRecord): TemplateResult {
  if (address === undefined) return html`<span class="dim">–</span>`
  const shown = visible(address)
  const name = host === undefined ? nothing : html`<span class="host">${visible(host)}</span>`
  const content = html`${name}<span class="mono">${shown}</span>`
  return filterValue(part, view, { address }, content, shown)
}

function requesterCell(part: Part, view: KeyView, { requester, outcome }: AuditRecord): TemplateResult {
  const { texts } = part.state
  const { id, kind, credential, verified } = requester
  const name =
    id === undefined
      ? html`<span class="dim">${visible(credential ?? texts.anonymous)}</span>`
      : html`<bdi>${visible(id)}</bdi>`
  const value = id === undefined ? name : filterValue(part, view, { requester: id }, name, visible(id))
  return html`
    ${value}
    ${kind === 'token' ? html`<span class="tag">${icon('token')}${texts.tokenIssuer}</span>` : nothing}
    ${verified || outcome !== 'failure' || id === undefined ? nothing : html`<span class="tag claimed" title=${texts.claimedHint}>${texts.claimed}</span>`}
  `
}
