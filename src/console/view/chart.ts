import uPlot from 'uplot'
import type { HistogramAnswer } from '../api/shape.ts'
import type { Theme } from '../preferences.ts'
import type { Formats } from '../time-text.ts'

const HEIGHT = 214
/** Shortest period that a drag makes, in pixels: less is a click. */
const LEAST_DRAG = 6

export interface ChartOptions {
  readonly formats: Formats
  /** Shown where no bar is pointed at. */
  readonly hint: string
  readonly theme: Theme
  /** Unix ms, inclusive. */
  readonly zoom: (from: number, to: number) => void
}

/** Stacked bars in `element`: failures at the bottom, where the smallest number of them is still seen. */
export class Chart {
  readonly element: HTMLElement
  #plot: uPlot | null = null
  #shown: HistogramAnswer | null = null
  #look = ''
  #options: ChartOptions | null = null
  readonly #resized: ResizeObserver
  readonly #dark = matchMedia('(prefers-color-scheme: dark)')
  readonly #recolour = (): void => this.#rebuild()

  constructor(element: HTMLElement) {
    this.element = element
    this.#resized = new ResizeObserver(() =>
      this.#plot?.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    this.#resized.observe(element)
    this.#dark.addEventListener('change', this.#recolour)
  }

  show(histogram: HistogramAnswer | null, options: ChartOptions): void {
    this.#options = options
    this.#say(options.hint)
    if (histogram === null) return
    const look = `${options.theme} ${options.formats.zone}`
    if (histogram === this.#shown && look === this.#look) return
    this.#shown = histogram
    if (this.#plot === null || look !== this.#look) {
      this.#look = look
      // Colours are read from the page, which has the new theme only after this rendering.
      queueMicrotask(() => this.#rebuild())
    } else {
      this.#plot.setData(stacked(histogram), false)
      this.#plot.setScale('x', periodOf(histogram))
    }
  }

  close(): void {
    this.#resized.disconnect()
    this.#dark.removeEventListener('change', this.#recolour)
    this.#plot?.destroy()
    this.#plot = null
  }

  #rebuild(): void {
    if (this.#shown === null || !this.element.isConnected) return
    this.#plot?.destroy()
    this.#plot = new uPlot(this.#plotOptions(this.#shown), stacked(this.#shown), this.element)
  }

  #plotOptions(histogram: HistogramAnswer): uPlot.Options {
    const colour = (name: string): string => colourOf(this.element, name)
    const bars = uPlot.paths.bars?.({ size: [0.82, 26], align: 1, gap: 0 })
    const series = (name: string): uPlot.Series => ({
      fill: colour(name),
      width: 0,
      points: { show: false },
      ...(bars === undefined ? {} : { paths: bars }),
    })
    const axis = { stroke: colour('axis'), font: '11px system-ui, sans-serif', ticks: { show: false } }
    return {
      width: this.element.clientWidth,
      height: HEIGHT,
      padding: [8, 30, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
        y: false,
        points: { show: false },
      },
      scales: {
        x: {
          time: true,
          range: () => [periodOf(this.#shown ?? histogram).min, periodOf(this.#shown ?? histogram).max],
        },
        y: { range: (_, __, max) => [0, Math.max(4, (max || 0) * 1.08)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 90,
          values: (_, splits) => splits.map((at) => this.#timeText(at)),
        },
        { ...axis, grid: { stroke: colour('grid'), width: 1 }, size: 46, space: 36, incrs: WHOLE_NUMBERS },
      ],
      // Each is drawn over the one before: what stands out at the top of a bar is its own part.
      series: [{}, series('success'), series('unknown'), series('failure')],
      hooks: { setSelect: [(plot) => this.#zoom(plot)], setCursor: [(plot) => this.#point(plot)] },
    }
  }

  #timeText(seconds: number): string {
    const text = this.#options?.formats.minute(seconds * 1000) ?? ''
    return text.endsWith(' 00:00') ? text.slice(0, 5) : text
  }

  #zoom(plot: uPlot): void {
    const { left, width } = plot.select
    if (width < LEAST_DRAG) return
    const from = Math.round(plot.posToVal(left, 'x') * 1000)
    const to = Math.round(plot.posToVal(left + width, 'x') * 1000)
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    this.#options?.zoom(from, Math.max(from, to))
  }

  /** Says what the bar under the pointer counts. */
  #point(plot: uPlot): void {
    const options = this.#options
    const shown = this.#shown
    if (options === null || shown === null) return
    const left = plot.cursor.left ?? -1
    const at =
      left < 0 ? -1 : Math.floor((plot.posToVal(left, 'x') * 1000 - Date.parse(shown.from)) / shown.bucketMs)
    const counts = [shown.success[at], shown.failure[at], shown.unknown[at]]
    if (counts[0] === undefined) {
      this.#say(options.hint)
      return
    }
    const start = Date.parse(shown.from) + at * shown.bucketMs
    const [success, failure, unknown] = counts.map((count) => options.formats.count(count ?? 0))
    this.#say(`${options.formats.second(start)}   ✓ ${success}   ✕ ${failure}   ? ${unknown}`)
  }

  /** Writes into the line above, which is this chart's alone: it changes with every move of the pointer. */
  #say(text: string): void {
    const line = this.element.parentElement?.querySelector('.chart-hover')
    if (line) line.textContent = text
  }
}

const WHOLE_NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
)

/** uPlot counts in seconds. */
function stacked({ from, bucketMs, success, failure, unknown }: HistogramAnswer): uPlot.AlignedData {
  const start = Date.parse(from) / 1000
  const times = success.map((_, i) => start + (i * bucketMs) / 1000)
  const lower = failure.map((count, i) => count + (unknown[i] ?? 0))
  return [times, success.map((count, i) => count + (lower[i] ?? 0)), lower, [...failure]]
}

function periodOf({ from, bucketMs, success }: HistogramAnswer): { min: number; max: number } {
  const min = Date.parse(from) / 1000
  return { min, max: min + (success.length * bucketMs) / 1000 }
}

/** A colour of the page's, in the form that a canvas takes. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.className = `colour ${name}`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
