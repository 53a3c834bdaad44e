import type { TObject } from '@sinclair/typebox'
import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { MAX_KEY_BYTES } from '../store/layout.ts'
import { parseInstant } from './instant.ts'
import { HistoryProblem, type ParameterProblem, quoted } from './problem.ts'

/** Most problems named in one answer. */
const MAX_PROBLEMS = 20

/** Formats that the schemas of this API use beside JSON Schema's own. */
export const formats = {
  instant: (text: string): boolean => parseInstant(text) !== null,
  'unix-ms': (text: string): boolean => /^\d+$/.test(text) && parseInstant(text) !== null,
  'key-id': (text: string): boolean => Buffer.byteLength(text) <= MAX_KEY_BYTES,
  'no-nul': (text: string): boolean => !text.includes('\0'),
}

const EXPECTED_FORMAT: Record<string, string> = {
  instant: 'Unix ms or an RFC 3339 date-time with its offset',
  'unix-ms': 'Unix time in ms',
  'key-id': `a key id of at most ${MAX_KEY_BYTES} bytes`,
  'no-nul': 'text without NUL',
}

/**
 * Turns the digits of integer parameters into numbers before validation. Stricter than ajv's coercion, which
 * takes `0x10`, ` 5` and `1e2` for integers too.
 */
export function readIntegers(request: FastifyRequest): void {
  const query = request.query as Record<string, unknown>
  const schema = request.routeOptions.schema?.querystring as TObject | undefined
  for (const [name, { type }] of Object.entries(schema?.properties ?? {})) {
    const value = query[name]
    if (type === 'integer' && typeof value === 'string' && /^\d{1,15}$/.test(value))
      query[name] = Number(value)
  }
}

/** What ajv found wrong with a query, one problem a parameter, as one `QUERY_INVALID`. */
export function queryProblem(errors: readonly FastifySchemaValidationError[]): HistoryProblem {
  const first = new Map<string, ParameterProblem>()
  for (const problem of errors.map(parameterProblem)) {
    if (first.size < MAX_PROBLEMS && !first.has(problem.parameter)) first.set(problem.parameter, problem)
  }
  return invalidQuery([...first.values()])
}

/** `QUERY_INVALID` that names every problem. */
export function invalidQuery(problems: readonly ParameterProblem[]): HistoryProblem {
  const detail = problems.map(
    ({ parameter, expected, found }) => `${parameter}: expected ${expected}, found ${found}`,
  )
  return new HistoryProblem('QUERY_INVALID', detail.join('; '), { extension: { problems } })
}

function parameterProblem(error: FastifySchemaValidationError & { data?: unknown }): ParameterProblem {
  const parameter = error.instancePath.slice(1)
  if (error.keyword === 'additionalProperties') {
    const { additionalProperty } = error.params
    return {
      parameter: String(additionalProperty).slice(0, 80),
      expected: 'no parameter of this name',
      found: 'one',
    }
  }
  if (Array.isArray(error.data)) {
    return { parameter, expected: 'the parameter once', found: `it ${error.data.length} times` }
  }
  return { parameter, expected: expectation(error), found: quoted(String(error.data)) }
}

function expectation({ keyword, params, message }: FastifySchemaValidationError): string {
  const { format, allowedValues, type, limit } = params
  if (keyword === 'format') return EXPECTED_FORMAT[String(format)] ?? String(format)
  if (keyword === 'enum') return `one of ${(allowedValues as string[]).join(', ')}`
  if (keyword === 'type') return type === 'integer' ? 'a whole number' : String(type)
  if (keyword === 'minimum') return `at least ${limit}`
  if (keyword === 'maximum') return `at most ${limit}`
  if (keyword === 'maxLength') return `at most ${limit} characters`
  return message ?? keyword
}

/** Throws `QUERY_INVALID` for a period that ends before it starts; null stands for no bound. */
export function checkPeriod(
  from: { readonly name: string; readonly ms: number | null },
  to: { readonly name: string; readonly ms: number | null },
): void {
  if (from.ms === null || to.ms === null || from.ms <= to.ms) return
  throw invalidQuery([
    { parameter: from.name, expected: `a time not after ${to.name} (${to.ms})`, found: String(from.ms) },
  ])
}
