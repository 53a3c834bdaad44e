import type { OperationClass } from '../record.ts'

/** One segment of a route's path; `many` stands for one or more segments of a request. */
export interface PatternSegment {
  readonly kind: 'literal' | 'one' | 'many'
  /** The literal, or the name between the braces. */
  readonly text: string
}

/** `METHOD PATH -> action class`, read. */
export interface RouteLine {
  /** A method, or `ANY` for those that no other route of the path names. */
  readonly method: string
  readonly path: readonly PatternSegment[]
  /** What the selecting header must hold, or {@link anySelector}; '' for a route that does not look at it. */
  readonly selector: string
  readonly action: string
  readonly class: OperationClass
}

/** The selector that takes every value, and records it as the action. */
export const anySelector = '{action}'

const linePattern = /^(\S+)\s+(\S+)\s+->\s+(\S+)\s+(\S+)$/
const methodPattern = /^[A-Z][A-Z-]{0,31}$/
const literalPattern = /^[A-Za-z0-9._~!$&'()*+,=:@-]+$/
const capturePattern = /^\{([a-z][A-Za-z0-9]*)(\+?)\}$/

const classes: readonly string[] = ['use', 'manage', 'read', 'token'] satisfies OperationClass[]

/** Reads one route; every mistake in it goes to `mistake`, and then the result is null. */
export function parseRouteLine(line: string, mistake: (reason: string) => void): RouteLine | null {
  const parts = linePattern.exec(line.trim())
  if (parts === null) {
    mistake('expected `METHOD PATH -> action class`, with a colon and the options behind it where it has any')
    return null
  }
  const [, method = '', path = '', action = '', operationClass = ''] = parts
  const before = { method, action, operationClass }
  const hash = path.indexOf('#')
  const segments = parsePath(hash < 0 ? path : path.slice(0, hash), mistake)
  const selector = hash < 0 ? '' : parseSelector(path.slice(hash + 1), mistake)
  const sound = checkWords(before, mistake)
  if (segments === null || selector === null || !sound || !isClass(operationClass)) return null
  return { method, path: segments, selector, action, class: operationClass }
}

function checkWords(
  { method, action, operationClass }: { method: string; action: string; operationClass: string },
  mistake: (reason: string) => void,
): boolean {
  const problems: string[] = []
  if (!methodPattern.test(method)) problems.push(`expected a method in capitals or ANY, found ${method}`)
  if (!isAction(action)) problems.push(`expected an action such as create-key, found ${action}`)
  if (!isClass(operationClass)) {
    problems.push(`expected one of the classes ${classes.join(', ')}, found ${operationClass}`)
  }
  for (const problem of problems) mistake(problem)
  return problems.length === 0
}

/** Whether `text` can be an action as it is: a word of at most 64 plain characters. */
export function isAction(text: string): boolean {
  if (text.length === 0 || text.length > 64 || !isAlphanumeric(text.charCodeAt(0))) return false
  for (let i = 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    // `-`, `.`, `:` and `_`
    if (!isAlphanumeric(code) && code !== 0x2d && code !== 0x2e && code !== 0x3a && code !== 0x5f)
      return false
  }
  return true
}

function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a)
}

function isClass(text: string): text is OperationClass {
  return classes.includes(text)
}

function parseSelector(text: string, mistake: (reason: string) => void): string | null {
  if (text === anySelector || isAction(text)) return text
  mistake(`expected ${anySelector} or a word such as Encrypt behind the #, found '${text}'`)
  return null
}

function parsePath(path: string, mistake: (reason: string) => void): PatternSegment[] | null {
  if (!path.startsWith('/')) {
    mistake(`expected a path that starts with /, found ${path}`)
    return null
  }
  const segments: PatternSegment[] = []
  const names = new Set<string>()
  for (const text of path === '/' ? [] : path.slice(1).split('/')) {
    const segment = parseSegment(text)
    if (segment === null) {
      mistake(
        `expected {name}, {name+} or decoded plain text between the slashes of ${path}, found '${text}'`,
      )
      return null
    }
    if (segment.kind !== 'literal' && names.has(segment.text)) {
      mistake(`{${segment.text}} stands twice in ${path}: one segment can be named so`)
      return null
    }
    if (segment.kind !== 'literal') names.add(segment.text)
    segments.push(segment)
  }
  if (segments.filter((segment) => segment.kind === 'many').length > 1) {
    mistake(`${path} has two parts of any length, so it could be read in two ways: keep one {name+}`)
    return null
  }
  return segments
}

function parseSegment(text: string): PatternSegment | null {
  const capture = capturePattern.exec(text)
  if (capture !== null) return { kind: capture[2] === '+' ? 'many' : 'one', text: capture[1] ?? '' }
  return literalPattern.test(text) && text !== '.' && text !== '..' ? { kind: 'literal', text } : null
}

/** Two routes with the same shape match the same requests. */
export function shapeOf({ method, path, selector }: RouteLine): string {
  const shape = path.map(({ kind, text }) => (kind === 'literal' ? text : kind === 'one' ? '{}' : '{+}'))
  return `${method} /${shape.join('/')}${selector === '' ? '' : `#${selector}`}`
}
