import { html, nothing, type TemplateResult } from 'lit'
import { type Filter, type KeyView, NO_FILTER } from '../address.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { icon } from './icon.ts'

/** The keyword field, and the filters that are on. */
export function filterBar(part: Part, view: KeyView): TemplateResult {
  const { state, actions } = part
  const { texts } = state
  const { filter } = view
  const search = (event: Event): void => {
    const q = (event.target as HTMLInputElement).value
    actions.go({ ...view, filter: { ...filter, q } }, filter.q === '' ? 'push' : 'replace')
  }
  const on = Object.entries(filter).filter(([name, value]) => name !== 'q' && value !== '')
  return html`
    <div class="filters">
      <label class="search">
        ${icon('search')}
        <input type="search" maxlength="256" aria-label=${texts.keyword} placeholder=${texts.keywordHint} .value=${filter.q} @input=${search}>
      </label>
      ${
        on.length === 0
          ? nothing
          : html`
            <ul class="chips">
              ${on.map(([name, value]) => html`<li>${chip(part, view, name as keyof Filter, value)}</li>`)}
              <li><button class="link" @click=${() => actions.go({ ...view, filter: NO_FILTER })}>${texts.clearFilters}</button></li>
            </ul>`
      }
    </div>
  `
}

function chip(
  { state: { texts }, actions }: Part,
  view: KeyView,
  name: keyof Filter,
  value: string,
): TemplateResult {
  const shown = visible(wordOf(texts, name, value))
  const field = texts.fields[name] ?? name
  return html`
    <button class="chip" aria-label=${texts.removeFilter(`${field} ${shown}`)} @click=${() => actions.go({ ...view, filter: { ...view.filter, [name]: '' } })}>
      <span class="dim">${field}</span> <bdi>${shown}</bdi> ${icon('cross')}
    </button>
  `
}

function wordOf(texts: Part['state']['texts'], name: keyof Filter, value: string): string {
  if (name === 'outcome') return texts.outcomes[value as keyof typeof texts.outcomes] ?? value
  if (name === 'channel') return texts.channels[value as keyof typeof texts.channels] ?? value
  return value
}

/** A value that filters by itself when it is clicked. */
export function filterValue(
  { state: { texts }, actions }: Part,
  view: KeyView,
  change: Partial<Filter>,
  content: TemplateResult | string,
  label: string,
): TemplateResult {
  const click = (event: Event): void => {
    event.stopPropagation()
    actions.go({ ...view, filter: { ...view.filter, ...change } })
  }
  return html`<button class="value" title=${texts.filterBy(label)} @click=${click}>${content}</button>`
}
