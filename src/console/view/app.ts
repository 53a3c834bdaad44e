import { html, type TemplateResult } from 'lit'
import type { Part } from '../page-state.ts'
import { destroyedPage } from './destroyed-page.ts'
import { header } from './header.ts'
import { keyPage } from './key-page.ts'
import { keysPage } from './keys-page.ts'
import { recordPanel } from './record-panel.ts'
import { signIn } from './sign-in.ts'

/** The whole page. */
export function app(part: Part): TemplateResult {
  const { state } = part
  return html`
    <a class="skip" href="#main">${state.texts.skip}</a>
    ${header(part)}
    <main id="main" tabindex="-1">${state.signIn === 'no' ? content(part) : signIn(part)}</main>
    ${recordPanel(part)}
  `
}

function content(part: Part): TemplateResult {
  switch (part.state.view.page) {
    case 'keys':
      return keysPage(part, part.state.view.q)
    case 'destroyed':
      return destroyedPage(part)
    case 'key':
      return keyPage(part, part.state.view)
    default:
      return part.state.view satisfies never
  }
}
