import { html, nothing, type TemplateResult } from 'lit'
import { ref } from 'lit/directives/ref.js'
import type { AuditRecord } from '../api/shape.ts'
import type { Part } from '../page-state.ts'
import { visible } from '../visible.ts'
import { icon } from './icon.ts'
import { outcomeMark } from './outcome-mark.ts'

/** A whole record, beside the table. */
export function recordPanel({ state, actions }: Part): TemplateResult {
  const { record, texts, formats, copied } = state
  if (record === null) return html`${nothing}`
  const open = (element: Element | undefined): void => {
    // It is in the page only when this rendering is done.
    queueMicrotask(() => {
      if (element instanceof HTMLDialogElement && element.isConnected && !element.open) element.showModal()
    })
  }
  const close = (): void => actions.openRecord(null)
  const closeOutside = (event: MouseEvent): void => {
    if (event.target === event.currentTarget) close()
  }
  return html`
    <dialog class="panel" aria-labelledby="record-title" ${ref(open)} @close=${close} @click=${closeOutside}>
      <div class="panel-inner">
        <header>
          <h2 id="record-title">${texts.record} ${formats.count(record.seq)}</h2>
          <button class="quiet" aria-label=${texts.close} @click=${close}>${icon('cross')}</button>
        </header>
        <p class="panel-outcome">${outcomeMark(texts, record.outcome)}</p>
        <dl>${fieldsOf(record).map(([name, value]) => html`<div><dt>${texts.fields[name] ?? name}</dt><dd><bdi>${visible(value)}</bdi></dd></div>`)}</dl>
        <footer>
          <button @click=${actions.copyRecord}>${icon('copy')}${copied ? texts.copied : texts.copyJson}</button>
          <span class="visually-hidden" role="status">${copied ? texts.copied : ''}</span>
        </footer>
      </div>
    </dialog>
  `
}

/** Names of the API with their values, the requester's among them. */
function fieldsOf(record: AuditRecord): (readonly [name: string, value: string])[] {
  const { requester, durationMs, outcome: _, ...plain } = record
  const fields = Object.entries(plain).map(([name, value]) => [name, String(value)] as const)
  const { id = '', kind, credential = '', verified } = requester
  const who = [
    ['requester', id],
    ['kind', kind],
    ['credential', credential],
    ['verified', String(verified)],
  ] as const
  return [...fields, ['durationMs', `${durationMs} ms`] as const, ...who.filter(([, value]) => value !== '')]
}
