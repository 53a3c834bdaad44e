import { html, type TemplateResult } from 'lit'

const PATHS = {
  check: 'M3.5 8.5 6.5 11.5 12.5 4.5',
  cross: 'M4 4 12 12M12 4 4 12',
  question: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12.2v.1',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14',
  left: 'M10 3 5 8l5 5',
  right: 'M6 3l5 5-5 5',
  download: 'M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M3 13.5h10',
  calendar: 'M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.5V5M10.5 2.5V5',
  warning: 'M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.6v.1',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  token: 'M5.5 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 7.5l5.5 5.5m-2.4-2.4 1.7-1.7',
  out: 'M9.5 2.5h-6v11h6M6.5 8h7.5M11.5 5.5 14 8l-2.5 2.5',
} as const
export type IconName = keyof typeof PATHS

/** A 16-pixel line drawing in the colour of the text; it says nothing by itself. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d=${PATHS[name]}></path></svg>`
}
