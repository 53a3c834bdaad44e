import type { BodyFields, Operation, Refusal } from './dialect.ts'
import { word } from './excerpt.ts'
import { readBodyField } from './field.ts'
import { mayHoldArray, parseJson } from './json-body.ts'
import { refuseKeyId } from './key-id.ts'
import { lookUp } from './pointer.ts'
import { longestKeyVersion } from './read.ts'
import { dayMs, hourMs, type IssueRule, type Route } from './route.ts'

const centuryMs = 36_525 * dayMs

/** The key is in the body, and nobody looked at all of it. */
const bodyTooLong: Refusal = { status: 413, reason: 'body-too-long' }

/** Completes an operation from the request's body; null is one that was longer than the caller's bound. */
export function readRequestBody(
  operation: Operation,
  route: Route,
  body: Uint8Array | null,
  keyIdBytes: number,
): void {
  operation.bodyFields = route.defaults
  if (body === null) {
    if (route.key.body !== null) operation.refusal = bodyTooLong
    return
  }
  if (!route.needsRequestBody || (route.countsOnly && !mayHoldArray(body))) return
  const document = parseJson(body)
  if (document === undefined) return
  operation.bodyFields = bodyFieldsOf(route, document)
  if (route.keyVersion.body !== null) {
    operation.keyVersion = word(readBodyField(route.keyVersion.body, document), longestKeyVersion)
  }
  if (route.key.body === null) return
  const key = readBodyField(route.key.body, document)
  const refusal = refuseKeyId(key, keyIdBytes, 'message')
  if (refusal === null) operation.key = key
  else operation.refusal = refusal
}

/** How many elements the array at a place has; 0 where there is none. */
export function countItems(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}

function bodyFieldsOf({ issues, itemsAsked, destruction }: Route, document: unknown): BodyFields {
  const asked = destruction?.kind === 'asked' ? destruction : null
  return {
    lifetimesMs: issues.map((issue) => lifetimeOf(issue, document)),
    items: itemsAsked === null ? 0 : countItems(lookUp(document, itemsAsked)),
    destroyAfterMs: asked === null ? 0 : (amountOf(lookUp(document, asked.days), dayMs) ?? asked.defaultMs),
  }
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
