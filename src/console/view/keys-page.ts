import { html, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { formatView, NO_FILTER, type View } from '../address.ts'
import type { KeyAnswer } from '../api/shape.ts'
import type { Part } from '../page-state.ts'
import { DEFAULT_PERIOD } from '../period.ts'
import { visible } from '../visible.ts'
import { linkTo } from './header.ts'
import { icon } from './icon.ts'
import { emptyNotice, errorNotice, skeleton } from './notice.ts'
import { paging } from './paging.ts'

/** All keys, the last used first. */
export function keysPage(part: Part, q: string): TemplateResult {
  const { texts } = part.state
  const search = (event: Event): void => {
    const text = (event.target as HTMLInputElement).value
    // One step back leads out of a search, however long it was typed.
    part.actions.go({ page: 'keys', q: text }, q === '' ? 'push' : 'replace')
  }
  return html`
    <div class="page-head">
      <h1 tabindex="-1">${texts.keys}</h1>
      <label class="search">
        ${icon('search')}
        <input type="search" maxlength="256" aria-label=${texts.searchKeys} placeholder=${texts.searchKeys} .value=${q} @input=${search}>
      </label>
    </div>
    ${list(part, q)}
  `
}

function list(part: Part, q: string): TemplateResult {
  const { keys: listing, texts } = part.state
  if (listing === null) return skeleton(8, texts.loading)
  if (listing.error !== null) return errorNotice(part, listing.error)
  const { page } = listing
  if (page === null) return skeleton(8, texts.loading)
  if (page.keys.length === 0) {
    return q === ''
      ? emptyNotice(texts.noKeys, texts.noKeysHint)
      : emptyNotice(texts.noKeyFound(visible(q)), '')
  }
  return html`
    <div class="card scroll" aria-busy=${String(listing.loading)} tabindex="0" role="region" aria-label=${texts.keys}>
      <table class="keys">
        <thead>
          <tr>
            <th scope="col">${texts.key}</th>
            <th scope="col">${texts.lastUse}</th>
            <th scope="col">${texts.lastAction}</th>
            <th scope="col">${texts.lastRequester}</th>
            <th scope="col" class="number">${texts.records}</th>
            <th scope="col" class="number">${texts.failures24h}</th>
            <th scope="col">${texts.state}</th>
            <th scope="col">${texts.logAnalytics}</th>
          </tr>
        </thead>
        <tbody>${repeat(
          page.keys,
          ({ key }) => key,
          (key) => row(part, key),
        )}</tbody>
      </table>
    </div>
    ${paging(part, listing, '')}
  `
}

function row({ state: { texts, formats, now }, actions }: Part, one: KeyAnswer): TemplateResult {
  const view: View = { page: 'key', key: one.key, period: DEFAULT_PERIOD, filter: NO_FILTER }
  const used = one.lastUse === null ? null : Date.parse(one.lastUse.time)
  const failures = one.failures24h
  return html`
    <tr>
      <th scope="row"><a class="key" href=${formatView(view)} @click=${linkTo(actions, view)}><bdi>${visible(one.key)}</bdi></a></th>
      <td data-label=${texts.lastUse}>
        ${
          used === null
            ? html`<span class="dim">${texts.neverUsed}</span>`
            : html`<time datetime=${one.lastUse?.time ?? ''} title=${formats.second(used)}>${formats.ago(used, now)}</time>`
        }
      </td>
      <td data-label=${texts.lastAction}><bdi>${visible(one.lastUse?.action ?? '–')}</bdi></td>
      <td data-label=${texts.lastRequester}><bdi>${visible(one.lastUse?.requester ?? '–')}</bdi></td>
      <td data-label=${texts.records} class="number">${formats.count(one.records)}</td>
      <td data-label=${texts.failures24h} class="number">
        ${
          failures === null
            ? html`<span class="dim" title=${texts.notCounted}>–</span>`
            : html`<span class=${failures > 0 ? 'failures' : 'dim'}>${formats.count(failures)}</span>`
        }
      </td>
      <td data-label=${texts.state}>${stateText(one, texts.live, (date) => texts.scheduled(date), formats.minute)}</td>
      <td data-label=${texts.logAnalytics}>
        ${one.logAnalytics ? html`<span class="badge on">${visible(one.logAnalytics.sink)}</span>` : html`<span class="dim">${texts.off}</span>`}
      </td>
    </tr>
  `
}

/** Live, or when the key will be destroyed. */
export function stateText(
  { state, destroyAt }: KeyAnswer,
  live: string,
  scheduled: (date: string) => string,
  format: (ms: number) => string,
): TemplateResult {
  if (state === 'live') return html`<span class="badge">${live}</span>`
  return html`<span class="badge warn">${icon('warning')}${destroyAt === undefined ? visible(state) : scheduled(format(Date.parse(destroyAt)))}</span>`
}
