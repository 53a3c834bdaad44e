import type { OperationClass } from '../record.ts'
import type {
  AliasDescription,
  DestroysDescription,
  IssueDescription,
  RouteDescription,
} from './description.ts'
import type { BodyFields, Destruction } from './dialect.ts'
import { parseDuration } from './duration.ts'
import { compileField, type Field } from './field.ts'
import { type Pointer, parsePointer } from './pointer.ts'
import type { PatternSegment } from './route-line.ts'

/** The units that requests name lifetimes and delays in. */
export const hourMs = 3_600_000
export const dayMs = 86_400_000

/** Which segments of a request's path a name stands for: indexes as `Array.slice` takes them. */
interface Capture {
  readonly start: number
  readonly end: number
}

/** A token that an answer hands out, and how long it is good for. */
export interface IssueRule {
  readonly token: Pointer
  /** Where the request asks for a lifetime in hours; null where it can't. */
  readonly asked: Pointer | null
  /** The request's word for a token without end; '' for none. */
  readonly unlimited: string
  /** In ms; Infinity for no end. */
  readonly defaultMs: number
}

/** What a successful answer means for the key's end: always the same, or as request or answer say. */
export type DestructionRule =
  | { readonly kind: 'fixed'; readonly destruction: Destruction }
  | { readonly kind: 'asked'; readonly days: Pointer; readonly defaultMs: number }
  | AnsweredDestruction

/** The answer tells the time. */
export interface AnsweredDestruction {
  readonly kind: 'answered'
  readonly at: Pointer
  readonly unitMs: number
  /** An answer without a time that names the key means the delay that the request asked for; null: means nothing. */
  readonly days: Pointer | null
  readonly defaultMs: number
  /** An answer that has this value there schedules nothing yet. */
  readonly unless: { readonly pointer: Pointer; readonly is: string } | null
}

/** A key's other name in the request's body, that a success sets or removes. */
export interface AliasRule {
  readonly name: Pointer
  readonly removed: boolean
}

/** One route, compiled: what a request that matches it means. */
export interface Route {
  readonly index: number
  readonly method: string
  readonly path: readonly PatternSegment[]
  readonly selector: string
  /** Recorded, unless the request names the action itself. */
  readonly action: string
  readonly actionInPath: Capture | null
  readonly class: OperationClass
  readonly keyInPath: Capture | null
  readonly versionInPath: Capture | null
  readonly key: Field
  readonly otherKey: Field
  readonly alias: AliasRule | null
  readonly keyVersion: Field
  readonly itemsAsked: Pointer | null
  readonly itemsAnswered: Pointer | null
  readonly issues: readonly IssueRule[]
  readonly tunnel: boolean
  readonly destruction: DestructionRule | null
  readonly needsRequestBody: boolean
  /** The request's body can name a key, so it must not have two readings. */
  readonly keyInBody: boolean
  /** Of the request body only the number of items counts. */
  readonly countsOnly: boolean
  readonly needsResponseBody: boolean
  /** The body fields of a request whose body says nothing. */
  readonly defaults: BodyFields
}

export function compileRoute(description: RouteDescription, index: number): Route {
  const { method, path, selector, action, class: operationClass, options } = description
  const key = compileField(options.key ?? {})
  const otherKey = compileField(options.otherKey ?? {})
  const keyVersion = compileField(options.keyVersion ?? {})
  const issues = (options.issues ?? []).map(compileIssue)
  const destruction = options.destroys === undefined ? null : compileDestruction(options.destroys)
  const { request: asked, response: answered } = options.items ?? {}
  const alias = options.alias === undefined ? null : compileAlias(options.alias)
  const days = destruction === null || destruction.kind === 'fixed' ? null : destruction
  const keyInBody = key.body !== null || otherKey.body !== null || alias !== null
  const namesFields =
    keyInBody ||
    keyVersion.body !== null ||
    (days !== null && days.days !== null) ||
    issues.some((issue) => issue.asked !== null)
  return {
    index,
    method,
    path,
    selector,
    action,
    actionInPath: captureOf(path, 'action'),
    class: operationClass,
    keyInPath: captureOf(path, 'key'),
    versionInPath: captureOf(path, 'version'),
    key,
    otherKey,
    alias,
    keyVersion,
    itemsAsked: asked === undefined ? null : parsePointer(asked),
    itemsAnswered: answered === undefined ? null : parsePointer(answered),
    issues,
    tunnel: options.tunnel ?? false,
    destruction,
    needsRequestBody: namesFields || asked !== undefined,
    keyInBody,
    countsOnly: !namesFields,
    needsResponseBody:
      key.answer?.header === '' ||
      otherKey.answer?.header === '' ||
      keyVersion.answer?.header === '' ||
      answered !== undefined ||
      issues.length > 0 ||
      destruction?.kind === 'answered',
    defaults: {
      lifetimesMs: issues.map((issue) => issue.defaultMs),
      items: 0,
      destroyAfterMs: days?.defaultMs ?? 0,
      alias: '',
    },
  }
}

/** Segments behind a part of any length are counted from the end. */
function captureOf(path: readonly PatternSegment[], name: string): Capture | null {
  const at = path.findIndex(({ kind, text }) => kind !== 'literal' && text === name)
  if (at < 0) return null
  const many = path.findIndex(({ kind }) => kind === 'many')
  if (at === many) return { start: at, end: at + 1 - path.length || Number.POSITIVE_INFINITY }
  const start = many >= 0 && at > many ? at - path.length : at
  return { start, end: start + 1 }
}

/** The text that a capture has in the segments of a path; '' for none. */
export function captured(capture: Capture | null, segments: readonly string[]): string {
  if (capture === null) return ''
  if (capture.end === capture.start + 1) return segments.at(capture.start) ?? ''
  return segments.slice(capture.start, capture.end).join('/')
}

function compileIssue({ token, lifetimeHours }: IssueDescription): IssueRule {
  const { request, default: hours, unlimited = '' } = lifetimeHours
  return {
    token: parsePointer(token),
    asked: request === undefined ? null : parsePointer(request),
    unlimited,
    defaultMs: hours === 'unlimited' ? Number.POSITIVE_INFINITY : hours * hourMs,
  }
}

function compileDestruction(description: DestroysDescription): DestructionRule {
  if (description === 'now') return { kind: 'fixed', destruction: { kind: 'now' } }
  if (description === 'cancel') return { kind: 'fixed', destruction: { kind: 'cancelled' } }
  if (description === 'tokens') return { kind: 'fixed', destruction: { kind: 'tokens' } }
  if ('after' in description) {
    return { kind: 'fixed', destruction: { kind: 'scheduled', afterMs: parseDuration(description.after) } }
  }
  if (!('at' in description)) {
    const { request, default: days } = description.afterDays
    return { kind: 'asked', days: parsePointer(request), defaultMs: days * dayMs }
  }
  const { at, afterDays, unless } = description
  return {
    kind: 'answered',
    at: parsePointer(at.response),
    unitMs: at.unit === 'seconds' ? 1000 : 1,
    days: afterDays === undefined ? null : parsePointer(afterDays.request),
    defaultMs: afterDays === undefined ? 0 : afterDays.default * dayMs,
    unless: unless === undefined ? null : { pointer: parsePointer(unless.response), is: unless.is },
  }
}

function compileAlias(description: AliasDescription): AliasRule {
  return 'set' in description
    ? { name: parsePointer(description.set), removed: false }
    : { name: parsePointer(description.removed), removed: true }
}
