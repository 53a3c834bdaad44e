import { html, nothing, type TemplateResult } from 'lit'
import type { KeyView } from '../address.ts'
import type { Part } from '../page-state.ts'
import { boundsOf, PRESET_NAMES } from '../period.ts'
import { fieldText, fieldTime } from '../time-text.ts'
import { icon } from './icon.ts'

/** The periods there are, and fields for one of the reader's own. */
export function periodPicker(part: Part, view: KeyView): TemplateResult {
  const { texts, formats, rangeOpen } = part.state
  const { period } = view
  const own = period.kind === 'range'
  return html`
    <div class="period">
      <div class="segments" role="group" aria-label=${texts.period}>
        ${PRESET_NAMES.map(
          (name) => html`
            <button
              aria-pressed=${String(period.kind === 'last' && period.name === name)}
              @click=${() => part.actions.go({ ...view, period: { kind: 'last', name } })}>${texts.presets[name]}</button>`,
        )}
        <button aria-pressed=${String(own)} aria-expanded=${String(rangeOpen)} @click=${() => part.actions.openRange(!rangeOpen)}>
          ${icon('calendar')}${texts.ownRange}
        </button>
      </div>
      ${own ? html`<p class="dim range-text">${formats.second(period.from)} – ${formats.second(period.to)}</p>` : nothing}
      <p class="dim zone">${formats.zone}</p>
      ${rangeOpen ? rangeForm(part, view) : nothing}
    </div>
  `
}

function rangeForm({ state, actions }: Part, view: KeyView): TemplateResult {
  const { texts, formats, zone, now } = state
  const bounds = boundsOf(view.period, now)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const fields = new FormData(form)
    const from = fieldTime(String(fields.get('from')), zone)
    // The second that was chosen is meant whole.
    const to = fieldTime(String(fields.get('to')), zone) + 999
    const end = form.elements.namedItem('to') as HTMLInputElement
    end.setCustomValidity(to >= from ? '' : texts.wrongRange)
    if (form.reportValidity()) actions.go({ ...view, period: { kind: 'range', from, to } })
  }
  const clear = (event: Event): void => (event.target as HTMLInputElement).setCustomValidity('')
  return html`
    <form class="card range" @submit=${submit}>
      <label><span>${texts.from}</span><input name="from" type="datetime-local" step="1" required value=${fieldText(formats, bounds.from)} @input=${clear}></label>
      <label><span>${texts.to}</span><input name="to" type="datetime-local" step="1" required value=${fieldText(formats, bounds.to ?? now)} @input=${clear}></label>
      <button class="primary">${texts.apply}</button>
    </form>
  `
}
