import { html, type TemplateResult } from 'lit'
import type { AuditRecord, Outcome } from '../api/shape.ts'
import type { Texts } from '../text/texts.ts'
import { visible } from '../visible.ts'
import { icon } from './icon.ts'

const ICONS = { success: 'check', failure: 'cross', unknown: 'question' } as const

/** An outcome as sign, colour and word: none of them alone. */
export function outcomeMark(texts: Texts, outcome: Outcome): TemplateResult {
  return html`<span class="outcome ${outcome}">${icon(ICONS[outcome])}${texts.outcomes[outcome]}</span>`
}

/** What the client was told: `403 AccessDenied`. */
export function statusText({ status, errorCode, reason }: AuditRecord): string {
  return [
    status === undefined ? '' : String(status),
    visible(errorCode ?? ''),
    errorCode === undefined ? visible(reason ?? '') : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}
