import { html, type TemplateResult } from 'lit'
import type { Tombstone } from '../api/shape.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { emptyNotice, errorNotice, skeleton } from './notice.ts'
import { paging } from './paging.ts'

/** What stays of destroyed keys. */
export function destroyedPage(part: Part): TemplateResult {
  const { texts } = part.state
  return html`
    <div class="page-head">
      <h1 tabindex="-1">${texts.destroyedKeys}</h1>
      <p class="dim">${texts.destroyedIntro}</p>
    </div>
    ${list(part)}
  `
}

function list(part: Part): TemplateResult {
  const { tombstones: listing, texts } = part.state
  if (listing?.error) return errorNotice(part, listing.error)
  const page = listing?.page ?? null
  if (listing === null || page === null) return skeleton(4, texts.loading)
  if (page.tombstones.length === 0) return emptyNotice(texts.noTombstones, '')
  return html`
    <div class="card scroll" tabindex="0" role="region" aria-label=${texts.destroyedKeys}>
      <table class="tombstones">
        <thead>
          <tr>
            <th scope="col">${texts.key}</th>
            <th scope="col">${texts.destroyedAt}</th>
            <th scope="col">${texts.destroyedBy}</th>
            <th scope="col">${texts.address}</th>
            <th scope="col" class="number">${texts.recordsTaken}</th>
            <th scope="col">${texts.chainHash}</th>
          </tr>
        </thead>
        <tbody>${page.tombstones.map((tombstone) => row(part, tombstone))}</tbody>
      </table>
    </div>
    ${paging(part, listing, '')}
  `
}

function row({ state: { texts, formats } }: Part, tombstone: Tombstone): TemplateResult {
  const { key, time, by, address = '–', records, hash } = tombstone
  return html`
    <tr>
      <th scope="row"><bdi class="key">${visible(key)}</bdi></th>
      <td data-label=${texts.destroyedAt}><time datetime=${time}>${formats.second(Date.parse(time))}</time></td>
      <td data-label=${texts.destroyedBy}><bdi>${by === 'system' ? texts.bySystem : visible(by)}</bdi></td>
      <td data-label=${texts.address} class="mono">${visible(address)}</td>
      <td data-label=${texts.recordsTaken} class="number">${formats.count(records)}</td>
      <td data-label=${texts.chainHash}><code title=${hash}>${hash.slice(0, 16)}…</code></td>
    </tr>
  `
}
