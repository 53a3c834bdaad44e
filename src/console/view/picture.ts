import { html, nothing, type TemplateResult } from 'lit'
import { ref } from 'lit/directives/ref.js'
import type { KeyView } from '../address.ts'
import type { HistogramAnswer } from '../api/shape.ts'
import type { KeyHistory } from '../model/key-history.ts'
import type { Part } from '../page-state.ts'
import { Chart } from './chart.ts'
import { icon } from './icon.ts'

const OUTCOMES = ['success', 'failure', 'unknown'] as const

/** The one chart of the page; it belongs to the element it was drawn in. */
let chart: Chart | null = null

/** The period as bars; dragging over them shows that part of it. */
export function picture(part: Part, view: KeyView, { histogram }: KeyHistory): TemplateResult {
  const { texts, formats } = part.state
  const sums = OUTCOMES.map((outcome) => sum(histogram?.[outcome] ?? []))
  const [success = 0, failure = 0, unknown = 0] = sums
  const count = formats.count
  const summary = texts.pictureSummary(count(success), count(failure), count(unknown))
  return html`
    <div class="card picture">
      <div class="picture-head">
        <h2>${texts.picture}</h2>
        <ul class="legend">
          ${OUTCOMES.map((outcome, i) => html`<li><span class="swatch ${outcome}"></span>${texts.outcomes[outcome]} <b>${count(sums[i] ?? 0)}</b></li>`)}
        </ul>
      </div>
      <div class="chart-hover dim" aria-hidden="true"></div>
      <div class="chart" role="img" aria-label=${summary} ${ref((element) => draw(part, view, histogram, element))}></div>
      ${histogram?.countedFrom ? html`<p class="notice">${icon('warning')}${texts.countedFrom(formats.second(Date.parse(histogram.countedFrom)))}</p>` : nothing}
    </div>
  `
}

function draw(
  part: Part,
  view: KeyView,
  histogram: HistogramAnswer | null,
  element: Element | undefined,
): void {
  if (!(element instanceof HTMLElement)) {
    chart?.close()
    chart = null
    return
  }
  if (chart?.element !== element) {
    chart?.close()
    chart = new Chart(element)
  }
  const { formats, texts, theme } = part.state
  chart.show(histogram, {
    formats,
    hint: texts.dragToZoom,
    theme,
    zoom: (from, to) => part.actions.go({ ...view, period: { kind: 'range', from, to } }),
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
