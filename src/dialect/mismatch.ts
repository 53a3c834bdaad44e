import type { TSchema } from '@sinclair/typebox'
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value'
import type { ReportMistake, ValuePath } from './check-description.ts'
import { parsePointer } from './pointer.ts'

/** Reports where `value` does not keep to `schema`, below `path`: what was expected and what was found. */
export function reportMismatches(
  schema: TSchema,
  value: unknown,
  path: ValuePath,
  report: ReportMistake,
): void {
  const told = new Set<string>()
  for (const error of Value.Errors(schema, value)) {
    // A missing property is also one of the wrong type: the first word about a place is the best one.
    if (told.has(error.path)) continue
    told.add(error.path)
    const below = error.path === '' ? [] : parsePointer(error.path)
    const name = below.join('.') || (path.length === 0 ? 'the file' : 'options')
    report([...path, ...below], reasonOf(error, name))
  }
}

function reasonOf({ type, schema, value, message }: ValueError, name: string): string {
  if (type === ValueErrorType.ObjectAdditionalProperties)
    return `unknown option ${name}: remove it, or see the README`
  if (type === ValueErrorType.ObjectRequiredProperty) return `${name} is missing`
  const expected = schema.description ?? (type === ValueErrorType.Object ? 'a mapping' : message)
  return `${name}: expected ${expected}, found ${excerpt(value)}`
}

function excerpt(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
