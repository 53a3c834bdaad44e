import { html, nothing, type TemplateResult } from 'lit'
import { formatView, type View } from '../address.ts'
import type { Actions, Part } from '../page-state.ts'
import type { Language, Theme, Zone } from '../preferences.ts'
import { icon } from './icon.ts'

/** Name, sections, and what the reader prefers. */
export function header({ state, actions }: Part): TemplateResult {
  const { texts, view, language, theme, zone, formats } = state
  const zones = { local: state.zone === 'local' ? formats.zone : localZone(), utc: 'UTC' }
  return html`
    <header class="top">
      <div class="top-inner">
        <a class="brand" href="?" @click=${linkTo(actions, { page: 'keys', q: '' })}>
          <img src="icon.svg" width="26" height="26" alt="">keytrail</a>
        <nav aria-label=${texts.navigation}>
          ${section(actions, texts.keys, { page: 'keys', q: '' }, view.page !== 'destroyed')}
          ${section(actions, texts.destroyedKeys, { page: 'destroyed' }, view.page === 'destroyed')}
        </nav>
        <div class="preferences">
          ${choice(texts.zoneLabel, zone, zones, (value) => actions.setZone(value as Zone))}
          ${choice(texts.themeLabel, theme, texts.theme, (value) => actions.setTheme(value as Theme))}
          ${choice('Language / 언어', language, { en: 'English', ko: '한국어' }, (value) => actions.setLanguage(value as Language))}
          ${
            state.signedIn
              ? html`<button class="quiet" @click=${actions.signOut}>${icon('out')}${texts.signOut}</button>`
              : nothing
          }
        </div>
      </div>
    </header>
  `
}

function section(actions: Actions, name: string, view: View, current: boolean): TemplateResult {
  return html`<a href=${formatView(view)} aria-current=${current ? 'page' : nothing} @click=${linkTo(actions, view)}>${name}</a>`
}

/** A link that shows a view without loading the page anew; with a modifier key it stays an ordinary link. */
export function linkTo(actions: Actions, view: View): (event: MouseEvent) => void {
  return (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    actions.go(view)
  }
}

function choice(
  label: string,
  chosen: string,
  options: Readonly<Record<string, string>>,
  choose: (value: string) => void,
): TemplateResult {
  return html`
    <select aria-label=${label} title=${label} @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
      ${Object.entries(options).map(
        ([value, name]) => html`<option value=${value} ?selected=${value === chosen}>${name}</option>`,
      )}
    </select>
  `
}

function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
