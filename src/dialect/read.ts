import { type Credential, type RequesterSource, readCredential } from './credential.ts'
import type { Operation, Refusal, RequestHead } from './dialect.ts'
import { word } from './excerpt.ts'
import { readHeadField } from './field.ts'
import { refuseKeyId } from './key-id.ts'
import { pathForms, splitPath } from './path.ts'
import { captured, type Route } from './route.ts'
import { anySelector, isAction } from './route-line.ts'
import { findPath, findRoute, type RouteTable } from './route-table.ts'
import { findSelected, readSelector, type Selector } from './selector.ts'

/** Longest key version that is kept, in characters; a longer one is none. */
export const longestKeyVersion = 64

/** What reading a request's head takes. */
export interface ReadRules {
  readonly table: RouteTable
  /** Null where no header selects routes. */
  readonly selector: Selector | null
  /** Bits of the path forms that the dialect allows. */
  readonly allowedForms: number
  readonly keyIdBytes: number
  readonly requesters: readonly RequesterSource[]
  /** The outcome, or what is kept of a failure, needs every answer's body. */
  readonly needsEveryAnswer: boolean
}

const ambiguousAction: Refusal = { status: 400, reason: 'ambiguous-action' }
const ambiguousPath: Refusal = { status: 400, reason: 'ambiguous-path' }
const ambiguousKey: Refusal = { status: 400, reason: 'ambiguous-key' }
const ambiguousCredential: Refusal = { status: 400, reason: 'ambiguous-credential' }

/** What the head of a request means. */
export function readRequest(rules: ReadRules, head: RequestHead): Operation {
  const { method, target, rawHeaders } = head
  const mark = target.indexOf('?')
  const credential = readCredential(rules.requesters, head)
  const segments = target.includes('#')
    ? null
    : splitPath(target, mark < 0 ? target.length : mark, rules.allowedForms)
  if (segments === null) return other(rules, method, '', credential, ambiguousPath)

  const trailing = segments.length > 0 && segments[segments.length - 1] === ''
  if (trailing) segments.pop()
  const selected = rules.selector === null ? '' : readSelector(rules.selector, rawHeaders)
  if (selected === null) return other(rules, method, '', credential, ambiguousAction)
  const route =
    (selected === '' ? null : findSelected(rules.selector, selected, segments, method)) ??
    findRoute(rules.table, segments, method)
  const known = route ?? findPath(rules.table, segments)
  if (known === null) return other(rules, method, '', credential, null)
  if (trailing && (rules.allowedForms & pathForms['trailing-slash']) === 0) {
    return other(rules, method, '', credential, ambiguousPath)
  }

  const keyInPath = captured(known.keyInPath, segments)
  const refusal = refuseKeyId(keyInPath, rules.keyIdBytes, 'target')
  if (refusal !== null) return other(rules, method, '', credential, refusal)
  if (route === null) return other(rules, method, keyInPath, credential, null)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  return routed(rules, route, credential, { keyInPath, selected, segments, rawHeaders, query })
}

interface RoutedHead {
  readonly keyInPath: string
  readonly selected: string
  readonly segments: readonly string[]
  readonly rawHeaders: readonly string[]
  readonly query: string
}

function routed(rules: ReadRules, route: Route, credential: Credential, head: RoutedHead): Operation {
  const { rawHeaders, query } = head
  let key: string | null = head.keyInPath
  let refusal: Refusal | null = null
  if (route.key.head !== null) {
    key = readHeadField(route.key.head, rawHeaders, query)
    refusal =
      key === null
        ? ambiguousKey
        : refuseKeyId(key, rules.keyIdBytes, route.key.head.from === 'query' ? 'target' : 'message')
  }
  const otherKey = route.otherKey.head === null ? '' : readHeadField(route.otherKey.head, rawHeaders, query)
  if (otherKey === null) refusal ??= ambiguousKey
  else refusal ??= refuseKeyId(otherKey, rules.keyIdBytes, 'message')
  let version = captured(route.versionInPath, head.segments)
  if (route.keyVersion.head !== null) version = readHeadField(route.keyVersion.head, rawHeaders, query) ?? ''
  const keyIsSound = refusal === null
  if (keyIsSound && credential.ambiguous) refusal = ambiguousCredential
  return {
    action: actionOf(route, head),
    class: route.class,
    key: keyIsSound && key !== null ? key : '',
    otherKey: keyIsSound ? (otherKey ?? '') : '',
    keyVersion: word(version, longestKeyVersion),
    requester: credential.requester,
    token: credential.token,
    refusal,
    needsRequestBody: refusal === null && route.needsRequestBody,
    needsResponseBody: rules.needsEveryAnswer || route.needsResponseBody,
    tunnel: route.tunnel,
    route: route.index,
    bodyFields: null,
  }
}

/** What the request calls the action where the route takes that, else the route's own word. */
function actionOf({ action, actionInPath, selector }: Route, { selected, segments }: RoutedHead): string {
  if (selector === anySelector) return selected
  const named = actionInPath === null ? '' : captured(actionInPath, segments)
  return isAction(named) ? named : action
}

/** A request that no route knows, that has another verb than the routes of its path, or that is refused. */
function other(
  rules: ReadRules,
  method: string,
  key: string,
  credential: Credential,
  refusal: Refusal | null,
): Operation {
  return {
    action: 'other',
    class: method === 'GET' || method === 'HEAD' ? 'read' : 'manage',
    key,
    otherKey: '',
    keyVersion: '',
    requester: credential.requester,
    token: credential.token,
    refusal: refusal ?? (credential.ambiguous ? ambiguousCredential : null),
    needsRequestBody: false,
    needsResponseBody: rules.needsEveryAnswer,
    tunnel: false,
    route: -1,
    bodyFields: null,
  }
}
