import type { Channel, Outcome } from './api/shape.ts'
import { DEFAULT_PERIOD, isPresetName, type Period } from './period.ts'

/** Which records are shown; '' for no condition. */
export interface Filter {
  readonly q: string
  readonly action: string
  readonly requester: string
  readonly address: string
  readonly outcome: Outcome | ''
  readonly channel: Channel | ''
}

export const NO_FILTER: Filter = { q: '', action: '', requester: '', address: '', outcome: '', channel: '' }

export interface KeyView {
  readonly page: 'key'
  readonly key: string
  readonly period: Period
  readonly filter: Filter
}

/** What the page shows; the address bar holds all of it. */
export type View = { readonly page: 'keys'; readonly q: string } | { readonly page: 'destroyed' } | KeyView

/** Longest text that the API takes for a filter. */
const MOST_TEXT = 256

/** Reads the query of the address bar; what it can't read is as if it were not there. */
export function parseView(search: string): View {
  const query = new URLSearchParams(search)
  const key = query.get('key')
  const text = (name: string): string => (query.get(name) ?? '').slice(0, MOST_TEXT)
  if (key === null || key === '') {
    return query.get('view') === 'destroyed' ? { page: 'destroyed' } : { page: 'keys', q: text('q') }
  }
  const filter: Filter = {
    q: text('q'),
    action: text('action'),
    requester: text('requester'),
    address: text('address'),
    outcome: oneOf(['success', 'failure', 'unknown'], query.get('outcome')),
    channel: oneOf(['api', 'console', 'system'], query.get('channel')),
  }
  return { page: 'key', key, period: parsePeriod(query), filter }
}

/** The query that {@link parseView} reads as `view`. */
export function formatView(view: View): string {
  const query = new URLSearchParams()
  if (view.page === 'destroyed') query.set('view', 'destroyed')
  else if (view.page === 'keys') query.set('q', view.q)
  else {
    query.set('key', view.key)
    const { period } = view
    if (period.kind === 'last') query.set('period', period.name)
    else {
      query.set('from', new Date(period.from).toISOString())
      query.set('to', new Date(period.to).toISOString())
    }
    for (const [name, value] of Object.entries(view.filter)) query.set(name, value)
  }
  for (const [name, value] of [...query]) if (value === '') query.delete(name)
  return `?${query}`
}

function parsePeriod(query: URLSearchParams): Period {
  const name = query.get('period')
  if (isPresetName(name)) return { kind: 'last', name }
  const from = Date.parse(query.get('from') ?? '')
  const to = Date.parse(query.get('to') ?? '')
  return from >= 0 && to >= from ? { kind: 'range', from, to } : DEFAULT_PERIOD
}

function oneOf<const Word extends string>(words: readonly Word[], text: string | null): Word | '' {
  return words.find((word) => word === text) ?? ''
}
