import { html, nothing, type TemplateResult } from 'lit'
import type { Part } from '../page-state.ts'
import { icon } from './icon.ts'

/** Asks for the token that the API asks for. */
export function signIn({ state: { texts, signIn }, actions }: Part): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const token = String(new FormData(form).get('token') ?? '').trim()
    if (token !== '') actions.signIn(token)
  }
  return html`
    <form class="card sign-in" @submit=${submit}>
      <h1 tabindex="-1">${texts.signIn}</h1>
      <p class="dim">${texts.signInHint}</p>
      ${signIn === 'refused' ? html`<p class="notice bad" role="alert">${icon('warning')}${texts.tokenRefused}</p>` : nothing}
      <label>
        <span>${texts.token}</span>
        <input name="token" type="password" autocomplete="off" spellcheck="false" required autofocus>
      </label>
      <button class="primary">${texts.signIn}</button>
    </form>
  `
}
