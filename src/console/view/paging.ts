import { html, nothing, type TemplateResult } from 'lit'
import type { Listing } from '../model/listing.ts'
import type { Part } from '../page-state.ts'
import { icon } from './icon.ts'

/** Steps through a listing; `text` says where the reader is. */
export function paging(
  { state: { texts } }: Part,
  listing: Listing<{ readonly nextCursor: string | null }>,
  text: string,
): TemplateResult {
  const last = listing.page?.nextCursor === null
  if (listing.index === 0 && last && text === '') return html`${nothing}`
  return html`
    <div class="paging">
      <span class="dim">${text}</span>
      <button ?disabled=${listing.index === 0} @click=${() => void listing.previous()}>${icon('left')}${texts.newer}</button>
      <button ?disabled=${last} @click=${() => void listing.next()}>${texts.older}${icon('right')}</button>
    </div>
  `
}
