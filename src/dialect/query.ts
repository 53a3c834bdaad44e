/**
 * The value of the query parameter `name` in the query (without its '?'), decoded once; '' where it is absent or
 * empty, and null where two parsers could read different values: unequal duplicates, `+` (a space to one), `;` (a
 * separator to one), or escapes that are no UTF-8. Names may be escaped: some clients send `api%2Dversion`.
 */
export function readQuery(query: string, name: string): string | null {
  if (query.includes(';')) return null
  let found: string | null = null
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const rawName = equals < 0 ? pair : pair.slice(0, equals)
    if (rawName !== name && decode(rawName) !== name) continue
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    if (value === null || (found !== null && found !== value)) return null
    found = value
  }
  return found ?? ''
}

function decode(text: string): string | null {
  if (text.includes('+')) return null
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
