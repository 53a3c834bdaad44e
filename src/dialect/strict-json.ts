import { isUtf8 } from 'node:buffer'
import { longestJson, parseJson } from './json-body.ts'
import type { Pointer } from './pointer.ts'

/**
 * The object in a body that must have one reading only; null where two parsers could read two: no JSON to the letter
 * (RFC 8259; lenient parsers take comments, and more), no object, a byte order mark, no UTF-8, or an object with one
 * name twice, of which some parsers take the first and some the last.
 */
export function parseStrictJson(body: Uint8Array): object | null {
  if (body[0] === 0xef || body.byteLength > longestJson || !isUtf8(body)) return null
  const document = parseJson(body)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return null
  return countColons(body) === countMembers(document) ? document : null
}

/** Whether an object on the way of `pointer` has the name it looks for in another case: some parsers take that, too. */
export function hasOtherCase(document: unknown, pointer: Pointer): boolean {
  let place = document
  for (const token of pointer) {
    if (typeof place !== 'object' || place === null) return false
    const folded = fold(token)
    for (const name of Object.keys(place)) if (name !== token && fold(name) === folded) return true
    place = Object.hasOwn(place, token) ? (place as Record<string, unknown>)[token] : undefined
  }
  return false
}

/** Upper case first: the long s and the Kelvin sign are an S and a K to some. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

/** Members of all objects in the text of a JSON document, those of the same name too: each has one colon. */
function countColons(body: Uint8Array): number {
  let colons = 0
  let quoted = false
  for (let i = 0; i < body.length; i += 1) {
    const byte = body[i]
    if (byte === 0x22) quoted = !quoted
    else if (!quoted && byte === 0x3a) colons += 1
    else if (quoted && byte === 0x5c) i += 1
  }
  return colons
}

/** Members of all objects in a parsed document. Without recursion: it can be as deep as it is long. */
function countMembers(document: unknown): number {
  let members = 0
  const open: unknown[] = [document]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    const children = Object.values(value)
    if (!Array.isArray(value)) members += children.length
    for (const child of children) if (typeof child === 'object' && child !== null) open.push(child)
  }
  return members
}
