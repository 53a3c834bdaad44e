import type { AliasChange, Destruction, IssuedToken, Judgement, Operation, ResponseHead } from './dialect.ts'
import { printable, word } from './excerpt.ts'
import { type AnswerPlace, readAnswerField } from './field.ts'
import { mayBeJson, parseJson } from './json-body.ts'
import { refuseKeyId } from './key-id.ts'
import { lookUp, type Pointer } from './pointer.ts'
import { longestKeyVersion } from './read.ts'
import { countItems } from './read-body.ts'
import type { AliasRule, DestructionRule, Route } from './route.ts'

/** Longest error code and request id that are kept, in characters; longer ones are cut. */
const longestErrorCode = 64
const longestRequestId = 128

/** Longer tokens could not come back in a header. In characters. */
const longestToken = 16_384

/** The end of the year 9999, Unix ms: a later date is none. */
const latestTime = 253_402_300_799_999

/** What judging an answer takes. */
export interface JudgeRules {
  readonly successStatuses: ReadonlySet<number>
  /** A body field that must have this value, where it is there, for a success. */
  readonly unlessBody: { readonly pointer: Pointer; readonly not: unknown } | null
  readonly errorCodes: readonly AnswerPlace[]
  readonly requestId: AnswerPlace | null
  readonly keyIdBytes: number
}

const noTokens: readonly IssuedToken[] = []

/** What an answer means; `route` is null for an operation of no route. */
export function judgeAnswer(
  rules: JudgeRules,
  route: Route | null,
  operation: Operation,
  response: ResponseHead,
  body: Uint8Array | null,
): Judgement {
  const { status, rawHeaders } = response
  const maySucceed = rules.successStatuses.has(status)
  const document = needsBody(rules, route, maySucceed) && mayBeJson(rawHeaders) ? parseJson(body) : undefined
  const requestId = rules.requestId === null ? '' : readAnswerField(rules.requestId, rawHeaders, document)
  const succeeded = maySucceed && !isContradicted(rules, document)
  // An answer without a final status (RFC 9110 15.2) says nothing of what was executed.
  const outcome = succeeded ? 'success' : status >= 200 ? 'failure' : 'unknown'
  const known = succeeded ? route : null
  const key = known === null ? '' : keyAt(known.key.answer, rawHeaders, document, rules.keyIdBytes)
  return {
    outcome,
    errorCode: outcome === 'failure' ? errorCodeOf(rules.errorCodes, rawHeaders, document) : '',
    requestId: printable(requestId, longestRequestId),
    key,
    otherKey: known === null ? '' : keyAt(known.otherKey.answer, rawHeaders, document, rules.keyIdBytes),
    alias: known === null || known.alias === null ? null : aliasBy(known.alias, operation),
    keyVersion: (known === null ? '' : versionOf(known, rawHeaders, document)) || operation.keyVersion,
    items:
      known === null || known.itemsAnswered === null
        ? (operation.bodyFields?.items ?? 0)
        : countItems(lookUp(document, known.itemsAnswered)),
    issued: known === null || known.issues.length === 0 ? noTokens : issuedBy(known, operation, document),
    destruction:
      known === null || known.destruction === null || !isConfirmed(rules, status, body, document)
        ? null
        : destructionBy(known.destruction, operation, document, key),
  }
}

/** Whether any field of this answer is in its body. */
function needsBody(rules: JudgeRules, route: Route | null, maySucceed: boolean): boolean {
  if (rules.requestId?.header === '') return true
  if (!maySucceed) return rules.errorCodes.some(isInBody)
  return rules.unlessBody !== null || (route?.needsResponseBody ?? false)
}

/** Whether a place is in the body of the answer, not in a header. */
export function isInBody(place: AnswerPlace): boolean {
  return place.header === ''
}

function isContradicted({ unlessBody }: JudgeRules, document: unknown): boolean {
  if (unlessBody === null || document === undefined) return false
  const value = lookUp(document, unlessBody.pointer)
  return value !== undefined && value !== unlessBody.not
}

/**
 * Whether an answer that succeeded by its status may end a key's history. A page that some gateway puts in the place
 * of the answer must not: where there is a body, it has to hold the field that makes a success.
 */
function isConfirmed(
  { unlessBody }: JudgeRules,
  status: number,
  body: Uint8Array | null,
  document: unknown,
): boolean {
  if (unlessBody === null || status === 204 || body?.byteLength === 0) return true
  return lookUp(document, unlessBody.pointer) === unlessBody.not
}

function errorCodeOf(
  places: readonly AnswerPlace[],
  rawHeaders: readonly string[],
  document: unknown,
): string {
  for (const place of places) {
    const code = printable(readAnswerField(place, rawHeaders, document), longestErrorCode)
    if (code !== '') return code
  }
  return ''
}

function keyAt(
  place: AnswerPlace | null,
  rawHeaders: readonly string[],
  document: unknown,
  limit: number,
): string {
  if (place === null) return ''
  const id = readAnswerField(place, rawHeaders, document)
  return refuseKeyId(id, limit, 'message') === null ? id : ''
}

function versionOf({ keyVersion }: Route, rawHeaders: readonly string[], document: unknown): string {
  if (keyVersion.answer === null) return ''
  return word(readAnswerField(keyVersion.answer, rawHeaders, document), longestKeyVersion)
}

function aliasBy({ removed }: AliasRule, { bodyFields }: Operation): AliasChange | null {
  const name = bodyFields?.alias ?? ''
  return name === '' ? null : { name, removed }
}

function issuedBy({ issues, defaults }: Route, { bodyFields }: Operation, document: unknown): IssuedToken[] {
  const { lifetimesMs } = bodyFields ?? defaults
  const issued: IssuedToken[] = []
  for (const [i, issue] of issues.entries()) {
    const token = lookUp(document, issue.token)
    if (typeof token !== 'string' || token === '' || token.length > longestToken) continue
    issued.push({ token, lifetimeMs: lifetimesMs[i] ?? issue.defaultMs })
  }
  return issued
}

function destructionBy(
  rule: DestructionRule,
  { bodyFields }: Operation,
  document: unknown,
  key: string,
): Destruction | null {
  switch (rule.kind) {
    case 'fixed':
      return rule.destruction
    case 'asked':
      return { kind: 'scheduled', afterMs: bodyFields?.destroyAfterMs ?? rule.defaultMs }
    case 'answered': {
      const { unless } = rule
      if (unless !== null && lookUp(document, unless.pointer) === unless.is) return null
      const at = timeOf(lookUp(document, rule.at), rule.unitMs)
      if (at !== null) return { kind: 'scheduled-at', at }
      // Some gateway's page has no date either: the delay asked for counts only where the answer knows of the key.
      if (rule.days === null || key === '') return null
      return { kind: 'scheduled', afterMs: bodyFields?.destroyAfterMs ?? rule.defaultMs }
    }
  }
}

/** Unix ms of a number in units of `unitMs`, or of a date as a text (RFC 3339); null for anything else. */
function timeOf(value: unknown, unitMs: number): number | null {
  let time = Number.NaN
  if (typeof value === 'number') time = Math.floor(value * unitMs)
  else if (typeof value === 'string') time = Date.parse(value)
  return time > 0 && time <= latestTime ? time : null
}
