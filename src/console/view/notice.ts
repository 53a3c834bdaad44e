import { html, type TemplateResult } from 'lit'
import type { ApiError } from '../api/client.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { icon } from './icon.ts'

/** What went wrong, in the reader's words, and a way on. */
export function errorNotice({ state: { texts }, actions }: Part, error: ApiError): TemplateResult {
  const known = texts.errors[error.code]
  return html`
    <div class="notice bad" role="alert">
      ${icon('warning')}
      <p>${known ?? texts.unexpected} ${known === undefined ? html`<span class="dim">${visible(error.message)}</span>` : ''}</p>
      <button @click=${actions.reload}>${texts.retry}</button>
    </div>
  `
}

/** Nothing to show, and why that may be. */
export function emptyNotice(title: string, hint: string, action: TemplateResult | '' = ''): TemplateResult {
  return html`<div class="empty"><p class="empty-title">${title}</p><p>${hint}</p>${action}</div>`
}

/** Grey bars in the place of rows that are on their way. */
export function skeleton(rows: number, label: string): TemplateResult {
  return html`
    <div class="skeleton" role="status" aria-label=${label}>
      ${Array.from({ length: rows }, () => html`<span></span>`)}
    </div>
  `
}
