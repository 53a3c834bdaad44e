import { KindGuard, type TSchema } from '@sinclair/typebox'
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value'
import { isMapping } from './defaults.ts'
import { advice, isSecret } from './field.ts'
import { nearest } from './nearest.ts'
import { type Path, type Problem, show } from './problem.ts'

/** Everything in which `value` differs from the schema, one problem for each place. */
export function checkAgainst(schema: TSchema, value: unknown): Problem[] {
  const problems = new Map<string, Problem>()
  for (const error of flatten(Value.Errors(schema, value))) {
    // TypeBox tells a missing field twice: that it is missing, and that nothing is no text
    if (!problems.has(error.path)) problems.set(error.path, describe(error, toPath(error.path, value)))
  }
  return [...problems.values()]
}

/** Of a field with alternatives, the problems of the one that was meant: the mapping, if a mapping was given. */
function* flatten(errors: Iterable<ValueError>): Generator<ValueError> {
  for (const error of errors) {
    const meant = error.type === ValueErrorType.Union ? meantAlternative(error) : -1
    const inner = error.errors[meant]
    if (inner === undefined) yield error
    else yield* flatten(inner)
  }
}

function meantAlternative({ schema, value }: ValueError): number {
  if (!KindGuard.IsUnion(schema) || !isMapping(value)) return -1
  return schema.anyOf.findIndex((one) => KindGuard.IsObject(one) || KindGuard.IsRecord(one))
}

function describe(error: ValueError, path: Path): Problem {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    return { path, message: unknownKey(error.schema, String(path.at(-1))) }
  }
  if (error.type === ValueErrorType.ObjectRequiredProperty) {
    return { path, message: `missing; expected ${advice(error.schema)}` }
  }
  const found = isSecret(error.schema) ? 'something else (not shown)' : show(error.value)
  return { path, message: `expected ${expectedOf(error)}, found ${found}` }
}

function unknownKey(schema: TSchema, name: string): string {
  // a mapping of free names has none to suggest; its names are wrong in themselves
  if (!KindGuard.IsObject(schema)) return `expected ${advice(schema)}, without control characters`
  const names = Object.keys(schema.properties)
  const guess = nearest(name, names)
  return `unknown key; ${guess === null ? `known here: ${names.join(', ')}` : `did you mean ${guess}?`}`
}

function expectedOf(error: ValueError): string {
  const expected = advice(error.schema)
  return error.type === ValueErrorType.ArrayMinItems ? `${expected}, and at least one of them` : expected
}

/** A JSON pointer's path; an index of a list becomes a number. */
function toPath(pointer: string, root: unknown): Path {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const step = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
      const inList = Array.isArray(value)
      value = child(value, step)
      return inList ? Number(step) : step
    })
}

function child(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return value[Number(step)]
  return isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined
}
