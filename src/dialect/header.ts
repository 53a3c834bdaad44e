/**
 * Index of the value of the header `name` (lower case) in `rawHeaders` (name, value, name, value …), looking from
 * index `from`; -1 where there is none. Compares without making lower-cased copies, the length first.
 */
export function findHeader(rawHeaders: readonly string[], name: string, from: number): number {
  const length = name.length
  for (let i = from; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i]
    if (candidate !== undefined && candidate.length === length && sameName(candidate, name)) return i + 1
  }
  return -1
}

/**
 * The value of the header `name` (lower case); '' where it is absent or empty, and null where it is there several
 * times with unequal values, so that two readers could take different ones.
 */
export function readHeader(rawHeaders: readonly string[], name: string): string | null {
  const first = findHeader(rawHeaders, name, 0)
  if (first < 0) return ''
  const value = rawHeaders[first] ?? ''
  for (let i = findHeader(rawHeaders, name, first + 1); i >= 0; i = findHeader(rawHeaders, name, i + 1)) {
    if (rawHeaders[i] !== value) return null
  }
  return value
}

/** Field names are case-insensitive (RFC 9110 5.1); `name` is lower case and as long as `candidate`. */
function sameName(candidate: string, name: string): boolean {
  if (candidate === name) return true
  for (let i = 0; i < name.length; i += 1) {
    const code = candidate.charCodeAt(i)
    const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}
