import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import {
  AnswerField,
  type AnswerFieldDescription,
  ErrorShape,
  type ErrorShapeDescription,
  type FieldDescription,
  Requester,
  type RequesterDescription,
  type RouteOptions,
} from './description.ts'
import { fillTemplate } from './error-answer.ts'
import { lookUp } from './pointer.ts'
import { anySelector, type RouteLine } from './route-line.ts'

/** Names and indexes from the top of the file to a value. */
export type ValuePath = readonly (string | number)[]

/** Takes note of a mistake at a place in the file. */
export type ReportMistake = (path: ValuePath, reason: string) => void

/**
 * What a schema can't say of the file's top level. Each part that keeps to its own schema is looked at, so that all
 * mistakes are told at once.
 */
export function checkFile(file: unknown, report: ReportMistake): void {
  const parts = lookUp(file, ['requester'])
  checkEach(Requester, parts, ['requester'], (source, path) => checkRequester(source, path, report))
  const shapes = lookUp(file, ['error'])
  checkEach(ErrorShape, shapes, ['error'], (shape, path) => checkErrorShape(shape, path, report))
  if (Array.isArray(shapes) && shapes.every((shape) => lookUp(shape, ['status']) !== undefined)) {
    report(['error'], 'expected one shape without a status, for all other statuses')
  }
  const codes = lookUp(file, ['errorCode'])
  checkEach(AnswerField, codes, ['errorCode'], (field, path) => checkAnswerField(field, path, report))
  const requestId = lookUp(file, ['requestId'])
  if (Value.Check(AnswerField, requestId)) checkAnswerField(requestId, ['requestId'], report)
}

function checkEach<Schema extends TSchema>(
  schema: Schema,
  list: unknown,
  path: ValuePath,
  check: (item: Static<Schema>, path: ValuePath) => void,
): void {
  if (!Array.isArray(list)) return
  for (const [i, item] of list.entries()) if (Value.Check(schema, item)) check(item, [...path, i])
}

function checkRequester(source: RequesterDescription, path: ValuePath, report: ReportMistake): void {
  const { header, sigv4, certificate, kind } = source
  if (count(header, sigv4, certificate) !== 1) {
    report(path, 'expected exactly one of header, sigv4 and certificate')
    return
  }
  if (certificate !== undefined && kind !== 'certificate') report(path, 'expected kind: certificate')
  if (sigv4 !== undefined && kind !== 'account') report(path, 'expected kind: account beside sigv4')
  if (header !== undefined && kind === 'certificate') report(path, 'expected kind: account or token')
  if (source.scheme !== undefined && header === undefined) report(path, 'scheme needs a header')
  if (source.jwtClaims !== undefined && kind !== 'token') report(path, 'jwtClaims needs kind: token')
  if (source.alone !== undefined && certificate !== undefined) report(path, 'alone needs a header or sigv4')
}

function checkErrorShape(shape: ErrorShapeDescription, path: ValuePath, report: ReportMistake): void {
  try {
    JSON.parse(fillTemplate(shape.body, 500, 'reason'))
  } catch {
    report([...path, 'body'], 'expected JSON once {status} and {reason} are filled in')
  }
}

function checkAnswerField(field: AnswerFieldDescription, path: ValuePath, report: ReportMistake): void {
  if (count(field.response, field.responseHeader) !== 1) {
    report(path, 'expected exactly one of response and responseHeader')
  }
}

/** What a schema can't say of one route; `path` leads to the options. */
export function checkRoute(
  line: RouteLine,
  options: RouteOptions,
  path: ValuePath,
  report: ReportMistake,
): void {
  const names = line.path.filter(({ kind }) => kind !== 'literal').map(({ text }) => text)
  if (options.key !== undefined) checkField(options.key, names.includes('key'), [...path, 'key'], report)
  if (options.keyVersion !== undefined) {
    checkField(options.keyVersion, names.includes('version'), [...path, 'keyVersion'], report)
  }
  if (options.otherKey !== undefined) {
    checkField(options.otherKey, false, [...path, 'otherKey'], report)
    if (options.key === undefined && !names.includes('key')) {
      report([...path, 'otherKey'], 'expected a route that names its first key, too')
    }
  }
  if (names.includes('action') && line.selector === anySelector) {
    report(path, 'expected {action} in the path or behind the #, found both')
  }
  if (options.items !== undefined && count(options.items.request, options.items.response) !== 1) {
    report([...path, 'items'], 'expected exactly one of request and response')
  }
  for (const [i, { lifetimeHours }] of (options.issues ?? []).entries()) {
    if (lifetimeHours.unlimited !== undefined && lifetimeHours.request === undefined) {
      report([...path, 'issues', i, 'lifetimeHours'], 'unlimited needs a request pointer')
    }
  }
  if (options.tunnel === true && (line.method !== 'GET' || readsBodies(options))) {
    report([...path, 'tunnel'], 'expected GET, and no option that reads a body: a tunnel has none')
  }
  if (options.destroys !== undefined && options.key === undefined && !names.includes('key')) {
    report([...path, 'destroys'], 'expected a route that names its key, by {key} or by the option key')
  }
}

function readsBodies({ key, otherKey, alias, keyVersion, items, issues, destroys }: RouteOptions): boolean {
  const fields = [key, otherKey, keyVersion]
  if (fields.some((field) => field?.request !== undefined || field?.response !== undefined)) return true
  return [alias, items, issues, destroys].some((option) => option !== undefined)
}

function checkField(field: FieldDescription, inPath: boolean, path: ValuePath, report: ReportMistake): void {
  const { header, query, request, response, responseHeader } = field
  const asked = count(header, query, request) + (inPath ? 1 : 0)
  const answered = count(response, responseHeader)
  if (asked > 1) report(path, 'expected at most one place in the request: path, header, query or request')
  if (answered > 1) report(path, 'expected at most one place in the answer: response or responseHeader')
  if (asked + answered === 0) {
    report(path, 'expected header, query, request, response or responseHeader')
  }
}

function count(...values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length
}
