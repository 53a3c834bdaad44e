import type { BodyFields, Operation, Refusal } from './dialect.ts'
import { word } from './excerpt.ts'
import { type BodyPlace, readBodyField } from './field.ts'
import { mayHoldArray, parseJson } from './json-body.ts'
import { refuseKeyId } from './key-id.ts'
import { lookUp, type Pointer } from './pointer.ts'
import { longestKeyVersion } from './read.ts'
import { dayMs, hourMs, type IssueRule, type Route } from './route.ts'
import { hasOtherCase, parseStrictJson } from './strict-json.ts'

const centuryMs = 36_525 * dayMs

/** The key is in the body, and nobody looked at all of it. */
const bodyTooLong: Refusal = { status: 413, reason: 'body-too-long' }

/** The key is in the body, and two parsers could read two. */
const ambiguousKey: Refusal = { status: 400, reason: 'ambiguous-key' }

/** Completes an operation from the request's body; null is one that was longer than the caller's bound. */
export function readRequestBody(
  operation: Operation,
  route: Route,
  body: Uint8Array | null,
  keyIdBytes: number,
): void {
  operation.bodyFields = route.defaults
  if (body === null) {
    if (route.keyInBody) operation.refusal = bodyTooLong
    return
  }
  if (route.keyInBody) {
    readKeys(operation, route, body, keyIdBytes)
    return
  }
  if (!route.needsRequestBody || (route.countsOnly && !mayHoldArray(body))) return
  const document = parseJson(body)
  if (document !== undefined) readFields(operation, route, document)
}

function readFields(operation: Operation, route: Route, document: unknown): void {
  operation.bodyFields = bodyFieldsOf(route, document)
  if (route.keyVersion.body === null) return
  operation.keyVersion = word(readBodyField(route.keyVersion.body, document), longestKeyVersion)
}

/** Reads a body that can name keys. An empty one names none; one with two readings is refused. */
function readKeys(operation: Operation, route: Route, body: Uint8Array, keyIdBytes: number): void {
  if (body.byteLength === 0) return
  const document = parseStrictJson(body)
  const names: string[] = []
  for (const place of [route.key.body, route.otherKey.body, aliasPlace(route)]) {
    const name = document === null ? null : place === null ? '' : keyNameAt(place, document)
    const refusal = name === null ? ambiguousKey : refuseKeyId(name, keyIdBytes, 'message')
    if (refusal !== null) operation.refusal ??= refusal
    names.push(name ?? '')
  }
  if (operation.refusal !== null || document === null) return
  const [key = '', otherKey = '', alias = ''] = names
  if (route.key.body !== null) operation.key = key
  if (route.otherKey.body !== null) operation.otherKey = otherKey
  readFields(operation, route, document)
  if (alias !== '' && operation.bodyFields !== null) operation.bodyFields = { ...operation.bodyFields, alias }
}

function aliasPlace({ alias }: Route): BodyPlace | null {
  return alias === null ? null : { pointer: alias.name, span: { after: '', until: '' } }
}

/** '' where there is none, null where somebody could read another one: it is no text, or a name has another case. */
function keyNameAt(place: BodyPlace, document: object): string | null {
  if (hasOtherCase(document, place.pointer)) return null
  const value = lookUp(document, place.pointer)
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? readBodyField(place, document) : null
}

/** How many elements the array at a place has; 0 where there is none. */
export function countItems(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}

function bodyFieldsOf({ issues, itemsAsked, destruction }: Route, document: unknown): BodyFields {
  const asked = destruction === null || destruction.kind === 'fixed' ? null : destruction
  return {
    lifetimesMs: issues.map((issue) => lifetimeOf(issue, document)),
    items: itemsAsked === null ? 0 : countItems(lookUp(document, itemsAsked)),
    destroyAfterMs: asked === null ? 0 : (daysAt(asked.days, document) ?? asked.defaultMs),
    alias: '',
  }
}

function daysAt(days: Pointer | null, document: unknown): number | null {
  return days === null ? null : amountOf(lookUp(document, days), dayMs)
}

function lifetimeOf({ asked, unlimited, defaultMs }: IssueRule, document: unknown): number {
  if (asked === null) return defaultMs
  const value = lookUp(document, asked)
  if (unlimited !== '' && value === unlimited) return Number.POSITIVE_INFINITY
  return amountOf(value, hourMs) ?? defaultMs
}

/** A number greater than 0, also one written as a text, in ms; null for anything else, and for over a century. */
function amountOf(value: unknown, unitMs: number): number | null {
  const amount = typeof value === 'string' ? Number(value) : value
  if (typeof amount !== 'number') return null
  const ms = amount * unitMs
  return ms > 0 && ms <= centuryMs ? ms : null
}
