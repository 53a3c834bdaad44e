import type { FieldDescription } from './description.ts'
import { cutOut, type Span, textOf } from './excerpt.ts'
import { findHeader, readHeader } from './header.ts'
import { lookUp, type Pointer, parsePointer } from './pointer.ts'
import { readQuery } from './query.ts'

/** A field in the request's head. */
interface HeadPlace {
  readonly from: 'header' | 'query'
  readonly name: string
  readonly span: Span
}

/** A field in the request's body. */
export interface BodyPlace {
  readonly pointer: Pointer
  readonly span: Span
}

/** A field in the answer: in the header of that name, or where that is '', in the body. */
export interface AnswerPlace {
  readonly header: string
  readonly pointer: Pointer
  readonly span: Span
}

/** The places of one field, by when it becomes known; null where it is not there. */
export interface Field {
  readonly head: HeadPlace | null
  readonly body: BodyPlace | null
  readonly answer: AnswerPlace | null
}

export function compileField(description: FieldDescription): Field {
  const { header, query, request, response, responseHeader, after = '', until = '' } = description
  const span = { after, until }
  let head: HeadPlace | null = null
  if (header !== undefined) head = { from: 'header', name: header.toLowerCase(), span }
  else if (query !== undefined) head = { from: 'query', name: query, span }
  let answer: AnswerPlace | null = null
  if (response !== undefined) answer = { header: '', pointer: parsePointer(response), span }
  else if (responseHeader !== undefined) answer = { header: responseHeader.toLowerCase(), pointer: [], span }
  return { head, body: request === undefined ? null : { pointer: parsePointer(request), span }, answer }
}

/** '' where the field is absent, null where two readers could take different values. */
export function readHeadField(place: HeadPlace, rawHeaders: readonly string[], query: string): string | null {
  const text = place.from === 'header' ? readHeader(rawHeaders, place.name) : readQuery(query, place.name)
  return text === null || text === '' ? text : cutOut(text, place.span)
}

/** '' where the field is absent. `document` is the parsed body. */
export function readBodyField(place: BodyPlace, document: unknown): string {
  return cutOut(textOf(lookUp(document, place.pointer)), place.span)
}

/** '' where the field is absent. `document` is the parsed body; of several header lines the first counts. */
export function readAnswerField(
  place: AnswerPlace,
  rawHeaders: readonly string[],
  document: unknown,
): string {
  if (place.header === '') return cutOut(textOf(lookUp(document, place.pointer)), place.span)
  const at = findHeader(rawHeaders, place.header, 0)
  return at < 0 ? '' : cutOut(rawHeaders[at] ?? '', place.span)
}
