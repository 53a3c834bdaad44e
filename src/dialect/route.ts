import type { OperationClass } from '../record.ts'
import type { DestroysDescription, IssueDescription, RouteDescription } from './description.ts'
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
  | { readonly kind: 'answered'; readonly at: Pointer; readonly unitMs: number }

/** One route, compiled: what a request that matches it means. */
export interface Route {
  readonly index: number
  readonly method: string
  readonly path: readonly PatternSegment[]
  readonly action: string
  readonly class: OperationClass
  readonly keyInPath: Capture | null
  readonly versionInPath: Capture | null
  readonly key: Field
  readonly keyVersion: Field
  readonly itemsAsked: Pointer | null
  readonly itemsAnswered: Pointer | null
  readonly issues: readonly IssueRule[]
  readonly destruction: DestructionRule | null
  readonly needsRequestBody: boolean
  /** Of the request body only the number of items counts. */
  readonly countsOnly: boolean
  readonly needsResponseBody: boolean
  /** The body fields of a request whose body says nothing. */
  readonly defaults: BodyFields
}

export function compileRoute(description: RouteDescription, index: number): Route {
  const { method, path, action, class: operationClass, options } = description
  const key = compileField(options.key ?? {})
  const keyVersion = compileField(options.keyVersion ?? {})
  const issues = (options.issues ?? []).map(compileIssue)
  const destruction = options.destroys === undefined ? null : compileDestruction(options.destroys)
  const { request: asked, response: answered } = options.items ?? {}
  const namesFields =
    key.body !== null ||
    keyVersion.body !== null ||
    destruction?.kind === 'asked' ||
    issues.some((issue) => issue.asked !== null)
  return {
    index,
    method,
    path,
    action,
    class: operationClass,
    keyInPath: captureOf(path, 'key'),
    versionInPath: captureOf(path, 'version'),
    key,
    keyVersion,
    itemsAsked: asked === undefined ? null : parsePointer(asked),
    itemsAnswered: answered === undefined ? null : parsePointer(answered),
    issues,
    destruction,
    needsRequestBody: namesFields || asked !== undefined,
    countsOnly: !namesFields,
    needsResponseBody:
      key.answer?.header === '' ||
      keyVersion.answer?.header === '' ||
      answered !== undefined ||
      issues.length > 0 ||
      destruction?.kind === 'answered',
    defaults: {
      lifetimesMs: issues.map((issue) => issue.defaultMs),
      items: 0,
      destroyAfterMs: destruction?.kind === 'asked' ? destruction.defaultMs : 0,
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
  if ('afterDays' in description) {
    const { request, default: days } = description.afterDays
    return { kind: 'asked', days: parsePointer(request), defaultMs: days * dayMs }
  }
  const { response, unit = 'milliseconds' } = description.at
  return { kind: 'answered', at: parsePointer(response), unitMs: unit === 'seconds' ? 1000 : 1 }
}
