import { type TSchema, Type } from '@sinclair/typebox'
import { MAX_CURSOR_LENGTH } from './cursor.ts'

/** The key's id, percent-encoded as one path segment (`/` as `%2F`). */
export const KeyParams = Type.Object({ key: Type.String() })

/** How many entries a page holds at most. */
export const LimitParameter = Type.Integer({ minimum: 1, maximum: 1000, default: 100 })

export const CursorParameter = Type.Optional(
  Type.String({ maxLength: MAX_CURSOR_LENGTH, description: 'nextCursor of the answer before' }),
)

export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Pass it as cursor, with the same filters, for the next page; null on the last one',
})

/** The parameters of a native route: any other name is refused. */
export function parameters<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}
