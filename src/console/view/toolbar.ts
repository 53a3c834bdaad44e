import { html, nothing, type TemplateResult } from 'lit'
import { EXPORTS, type ExportName } from '../model/export-file.ts'
import type { KeyHistory } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { icon } from './icon.ts'

/** Live and export. */
export function toolbar({ state: { texts, formats }, actions }: Part, history: KeyHistory): TemplateResult {
  const { live, held, missed, canFollow, exporting } = history
  const status =
    live === null
      ? ''
      : held.length > 0
        ? texts.paused(formats.count(held.length))
        : texts.liveStates[live.state]
  return html`
    <div class="toolbar">
      <span class="live-status dim" role="status">${missed > 0 ? texts.missedLive(formats.count(missed)) : status}</span>
      <button
        class="switch" role="switch" aria-checked=${String(live !== null)} ?disabled=${!canFollow}
        title=${canFollow ? nothing : texts.liveNeedsNow}
        @click=${() => actions.setLive(live === null)}>
        <span class="dot" data-state=${live === null ? 'off' : held.length > 0 ? 'paused' : live.state}></span>${texts.liveSwitch}
      </button>
      ${(Object.keys(EXPORTS) as ExportName[]).map(
        (name) => html`
          <button ?disabled=${exporting} aria-label=${texts.exportAs(name)} title=${texts.exportAs(name)} @click=${() => actions.exportAs(name)}>
            ${icon('download')}${name}
          </button>`,
      )}
      <span class="visually-hidden" role="status">${exporting ? texts.exporting : ''}</span>
    </div>
  `
}
