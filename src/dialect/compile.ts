import { compileRequester } from './credential.ts'
import type { Description } from './description.ts'
import type { Dialect } from './dialect.ts'
import { answerError, compileErrorShapes, statusesOf } from './error-answer.ts'
import { compileField } from './field.ts'
import { compileFullName } from './full-name.ts'
import { isInBody, type JudgeRules, judgeAnswer } from './judge.ts'
import { allowedForms } from './path.ts'
import { parsePointer } from './pointer.ts'
import { type ReadRules, readRequest } from './read.ts'
import { readRequestBody } from './read-body.ts'
import { compileRoute } from './route.ts'
import { buildRouteTable } from './route-table.ts'
import { compileSelector } from './selector.ts'

/** Longest key id in bytes of UTF-8, unless the dialect sets another limit. */
const defaultKeyIdBytes = 512

/** Makes a dialect of its description: routes become a table, pointers and headers are prepared once. */
export function compileDialect(description: Description): Dialect {
  const { name, title, selector, keyNames } = description
  const routes = description.routes.map(compileRoute)
  const judgeRules = compileJudgeRules(description)
  const { keyIdBytes } = judgeRules
  const readRules: ReadRules = {
    table: buildRouteTable(routes.filter((route) => route.selector === '')),
    selector: selector === undefined ? null : compileSelector(selector, routes),
    allowedForms: allowedForms(description.allow ?? []),
    keyIdBytes,
    requesters: description.requester.map(compileRequester),
    needsEveryAnswer:
      judgeRules.unlessBody !== null ||
      judgeRules.requestId?.header === '' ||
      judgeRules.errorCodes.some(isInBody),
  }
  const errorShapes = compileErrorShapes(description.error)
  return {
    name,
    title,
    splitFullName: keyNames === undefined ? null : compileFullName(keyNames.full),
    read: (head) => readRequest(readRules, head),
    readBody(operation, body) {
      const route = routes[operation.route]
      if (route !== undefined) readRequestBody(operation, route, body, keyIdBytes)
    },
    judge: (operation, response, body) =>
      judgeAnswer(judgeRules, routes[operation.route] ?? null, operation, response, body),
    errorAnswer: (status, reason) => answerError(errorShapes, status, reason),
  }
}

function compileJudgeRules({ success, errorCode, requestId, limits }: Description): JudgeRules {
  const { status, unlessBody } = success
  return {
    successStatuses: statusesOf(status),
    unlessBody:
      unlessBody === undefined ? null : { pointer: parsePointer(unlessBody.pointer), not: unlessBody.not },
    errorCodes: (errorCode ?? [])
      .map((field) => compileField(field).answer)
      .filter((place) => place !== null),
    requestId: requestId === undefined ? null : compileField(requestId).answer,
    keyIdBytes: limits?.keyIdBytes ?? defaultKeyIdBytes,
  }
}
