/** The media types that a history is written in; the first one is taken where nothing else is asked for. */
export const HISTORY_TYPES = ['application/json', 'text/csv', 'application/x-ndjson'] as const
export type HistoryType = (typeof HISTORY_TYPES)[number]

/** The type that an Accept header (RFC 9110 12.5.1) prefers; the first one where it accepts none of them. */
export function preferredType(accept: string | undefined): HistoryType {
  let best: HistoryType = 'application/json'
  let bestWeight = 0
  for (const range of (accept ?? '*/*').split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const type = HISTORY_TYPES.find((known) => covers(name, known))
    const weight = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1)
    if (type !== undefined && weight > bestWeight) {
      best = type
      bestWeight = weight
    }
  }
  return best
}

function covers(range: string, type: HistoryType): boolean {
  if (range === 'application/ndjson') return type === 'application/x-ndjson'
  return range === type || range === '*/*' || range === `${type.slice(0, type.indexOf('/'))}/*`
}
