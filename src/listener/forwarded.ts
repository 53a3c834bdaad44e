import { normalizeAddress } from './ip-set.ts'

/** Reads the address one proxy wrote, from its element of a forwarding header; null where there is none to use. */
export type HopReader = (element: string) => string | null

/**
 * One element of X-Forwarded-For: an address, with or without a port. `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`,
 * `[2001:db8::1]`, `[2001:db8::1]:80`, `fe80::1%eth0`.
 */
export function readForwardedForHop(element: string): string | null {
  return readNode(trim(element))
}

/**
 * The `for` of one element of Forwarded (RFC 7239 4). null for `unknown`, for an obfuscated identifier (`_x`),
 * for an element without `for`, and for anything that breaks the grammar. The caller has split at every comma,
 * those in quoted strings too; such a piece has an odd quote and is refused here, so that no client can hide
 * an element of its own inside a quoted value, or a proxy's element behind a quote that it left open.
 */
export function readForwardedHop(element: string): string | null {
  let node: string | null = null
  let position = 0
  while (position < element.length) {
    const end = pairEnd(element, position)
    if (end === -1) return null
    const pair = trim(element.slice(position, end))
    position = end + 1
    if (pair === '') continue
    const equals = pair.indexOf('=')
    if (!isWord(pair, 0, equals, '')) return null
    const value = readValue(pair, equals + 1)
    if (value === null) return null
    if (equals !== 3 || pair.slice(0, 3).toLowerCase() !== 'for') continue
    // RFC 7239 4: each parameter at most once in an element
    if (node !== null) return null
    node = readNode(value)
    if (node === null) return null
  }
  return node
}

/** Index of the `;` that ends the pair at `from`, or the text's end; -1 where a quoted string never ends. */
function pairEnd(text: string, from: number): number {
  let quoted = false
  for (let index = from; index < text.length; index++) {
    const character = text[index]
    if (quoted && character === '\\') index++
    else if (character === '"') quoted = !quoted
    else if (character === ';' && !quoted) return index
  }
  return quoted ? -1 : text.length
}

/** A token or a quoted string (RFC 9110 5.6.2, 5.6.4). Unquoted, the colons and brackets of a sloppy proxy pass. */
function readValue(pair: string, from: number): string | null {
  if (pair[from] !== '"') return isWord(pair, from, pair.length, ':[]/') ? pair.slice(from) : null
  let value = ''
  let index = from + 1
  for (; index < pair.length && pair[index] !== '"'; index++) {
    if (pair[index] === '\\') index++
    value += pair[index] ?? ''
  }
  return index === pair.length - 1 ? value : null
}

/** RFC 9110 5.6.2: characters of a token besides letters and digits. */
const TOKEN_MARKS = "!#$%&'*+-.^_`|~"

function isWord(text: string, from: number, to: number, alsoAllowed: string): boolean {
  if (to <= from) return false
  for (let index = from; index < to; index++) {
    const code = text.charCodeAt(index)
    const character = text.charAt(index)
    if (!isAlphanumeric(code) && !TOKEN_MARKS.includes(character) && !alsoAllowed.includes(character))
      return false
  }
  return true
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

/** An address and maybe a port (RFC 7239 6); IPv6 with or without brackets. */
function readNode(text: string): string | null {
  if (text.startsWith('[')) {
    const close = text.indexOf(']')
    const inside = text.slice(1, close)
    if (close === -1 || !inside.includes(':') || !isPortSuffix(text.slice(close + 1))) return null
    return normalizeAddress(inside)
  }
  const colon = text.indexOf(':')
  // more than one colon: an IPv6 address without a port
  if (colon === -1 || text.indexOf(':', colon + 1) !== -1) return normalizeAddress(text)
  return isPortSuffix(text.slice(colon)) ? normalizeAddress(text.slice(0, colon)) : null
}

/** Nothing, or a colon and a port; an obfuscated port (`:_x`, RFC 7239 6.3) is as good, nobody reads it. */
function isPortSuffix(text: string): boolean {
  if (text === '') return true
  if (text[0] !== ':' || text.length === 1) return false
  if (text[1] === '_') return isWord(text, 1, text.length, '')
  if (text.length > 6) return false
  for (let index = 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** Without the spaces and tabs around it (RFC 9110 5.6.3); String#trim would also drop U+00A0. */
function trim(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
