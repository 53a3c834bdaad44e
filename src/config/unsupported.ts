import { isDeepStrictEqual } from 'node:util'
import type { TSchema } from '@sinclair/typebox'
import { isMapping } from './defaults.ts'
import { isUnsupported } from './field.ts'
import type { Path, Problem } from './problem.ts'
import { shapeOf } from './shape.ts'

/** Fields that ask for what this release does not do. `value` has its defaults. */
export function checkSupport(schema: TSchema, value: unknown, path: Path = []): Problem[] {
  if (isUnsupported(schema)) {
    if (isDeepStrictEqual(value, schema.default)) return []
    return [{ path, message: `not yet supported; must be ${schema.default === null ? 'null' : 'empty'}` }]
  }
  const shape = shapeOf(schema)
  if (shape.kind === 'list' && Array.isArray(value)) {
    return value.flatMap((item, index) => checkSupport(shape.items, item, [...path, index]))
  }
  if (shape.kind === 'alternatives') return shape.schemas.flatMap((one) => checkSupport(one, value, path))
  if (shape.kind === 'group' && isMapping(value)) {
    return shape.fields.flatMap(([name, field]) => checkSupport(field, value[name], [...path, name]))
  }
  return []
}
