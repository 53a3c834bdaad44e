/** The reference tokens of a JSON pointer, unescaped. */
export type Pointer = readonly string[]

/** A JSON pointer (RFC 6901) to something inside the document: at least one reference token. */
export const pointerPattern = '^(/([^/~]|~[01])*)+$'

/** Splits a JSON pointer that {@link pointerPattern} matches. */
export function parsePointer(text: string): Pointer {
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** What `pointer` points at in a parsed JSON document; undefined where there is no such place. */
export function lookUp(document: unknown, pointer: Pointer): unknown {
  let place = document
  for (const token of pointer) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, token)) return undefined
    // An array's `length` is its own property, too, but no element (RFC 6901 section 4).
    if (Array.isArray(place) && token === 'length') return undefined
    place = (place as Record<string, unknown>)[token]
  }
  return place
}
