/** Where in a longer text a field's value stands; '' for its very start or end. */
export interface Span {
  readonly after: string
  readonly until: string
}

/**
 * What stands in `text` behind the first `after` and before the next `until`; '' where one of them is missing:
 * a text of another form must not be taken, or stored, as a whole.
 */
export function cutOut(text: string, { after, until }: Span): string {
  let start = 0
  if (after !== '') {
    const at = text.indexOf(after)
    if (at < 0) return ''
    start = at + after.length
  }
  if (until === '') return text.slice(start)
  const end = text.indexOf(until, start)
  return end < 0 ? '' : text.slice(start, end)
}

/** The text of a JSON value: a string, a number, or the first element of a batch; '' for everything else. */
export function textOf(value: unknown): string {
  const one = Array.isArray(value) ? value[0] : value
  if (typeof one === 'string') return one
  return typeof one === 'number' && Number.isFinite(one) ? String(one) : ''
}

/** Printable ASCII from the start of `text`, at most `limit` characters. */
export function printable(text: string, limit: number): string {
  const end = Math.min(text.length, limit)
  for (let i = 0; i < end; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return text.slice(0, i)
  }
  return end === text.length ? text : text.slice(0, end)
}

/** A short word such as a key version, or '' where `text` is longer than `limit` or not plain printable ASCII. */
export function word(text: string, limit: number): string {
  if (text.length > limit) return ''
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code > 0x7e) return ''
  }
  return text
}

/** Whether `text` has no control characters and no half of a surrogate pair, so that it reads and stores as it is. */
export function isWhole(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x20 && code < 0x7f) continue
    if (code < 0xa0) return false
    if (code < 0xd800 || code > 0xdfff) continue
    const next = text.charCodeAt(i + 1)
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false
    i += 1
  }
  return true
}
