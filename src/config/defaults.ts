import type { TSchema } from '@sinclair/typebox'
import { configSchema } from './schema.ts'
import { shapeOf } from './shape.ts'

/** The file's defaults, as a file would say them. */
export function defaultDocument(): unknown {
  return withDefaults(configSchema, {})
}

/**
 * A copy of `value` with the schema's defaults in the place of what is not there. What is there stays, right or
 * wrong. (TypeBox's own Default fills alternatives in only once they are valid, so that one mistake in a token
 * would be told along with every field it left out.)
 */
export function withDefaults(schema: TSchema, value: unknown): unknown {
  const given = value === undefined ? structuredClone(schema.default) : value
  const shape = shapeOf(schema)
  if (shape.kind === 'list' && Array.isArray(given))
    return given.map((item) => withDefaults(shape.items, item))
  if (!isMapping(given)) return given
  if (shape.kind === 'alternatives') {
    const group = shape.schemas.find((one) => shapeOf(one).kind === 'group')
    return group === undefined ? given : withDefaults(group, given)
  }
  if (shape.kind !== 'group') return given
  const filled = { ...given }
  for (const [name, field] of shape.fields) {
    const part = withDefaults(field, given[name])
    if (part !== undefined) filled[name] = part
  }
  return filled
}

/** Whether a value is what YAML calls a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
