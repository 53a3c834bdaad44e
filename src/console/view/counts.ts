import { html, nothing, type TemplateResult } from 'lit'
import type { Filter, KeyView } from '../address.ts'
import type { ValueCount } from '../api/shape.ts'
import type { KeyHistory } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'

/** Values shown of each list. */
const SHOWN = 6

/** Who did what how often: bars that filter when they are clicked. */
export function counts(part: Part, view: KeyView, { histogram }: KeyHistory): TemplateResult {
  const { texts } = part.state
  return html`
    <div class="card counts">
      ${list(part, view, 'action', texts.byAction, histogram?.actions ?? [])}
      ${list(part, view, 'requester', texts.byRequester, histogram?.requesters ?? [])}
    </div>
  `
}

function list(
  part: Part,
  view: KeyView,
  name: 'action' | 'requester',
  title: string,
  values: readonly ValueCount[],
): TemplateResult {
  const { texts, formats } = part.state
  const most = values[0]?.records ?? 1
  const more = values.length - SHOWN
  return html`
    <div class="count-list">
      <h2>${title}</h2>
      <ol>${values.slice(0, SHOWN).map((count) => html`<li>${bar(part, view, name, count, most)}</li>`)}</ol>
      ${more > 0 ? html`<p class="dim">${texts.others(formats.count(more))}</p>` : nothing}
    </div>
  `
}

function bar(
  part: Part,
  view: KeyView,
  name: 'action' | 'requester',
  count: ValueCount,
  most: number,
): TemplateResult {
  const { texts, formats } = part.state
  const { value, records, failures } = count
  const shown = value === '' ? texts.anonymous : visible(value)
  const on = view.filter[name] === value && value !== ''
  const change: Partial<Filter> = { [name]: on ? '' : value }
  const click = (): void => part.actions.go({ ...view, filter: { ...view.filter, ...change } })
  return html`
    <button class="count" aria-pressed=${String(on)} ?disabled=${value === ''} title=${failures > 0 ? texts.failuresOf(formats.count(failures)) : nothing} @click=${click}>
      <bdi>${shown}</bdi><span class="count-number">${formats.count(records)}</span>
      <svg class="count-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="success" width=${(100 * records) / most} height="4"></rect>
        <rect class="failure" width=${(100 * failures) / most} height="4"></rect>
      </svg>
    </button>
  `
}
