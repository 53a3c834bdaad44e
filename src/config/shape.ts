import { KindGuard, type TSchema } from '@sinclair/typebox'

/** What a schema holds, for whoever walks it. */
type Shape =
  | { readonly kind: 'group'; readonly fields: readonly (readonly [name: string, schema: TSchema])[] }
  | { readonly kind: 'list'; readonly items: TSchema }
  | { readonly kind: 'mapping'; readonly values: TSchema }
  | { readonly kind: 'alternatives'; readonly schemas: readonly TSchema[] }
  | { readonly kind: 'words' }
  | { readonly kind: 'number' }
  | { readonly kind: 'text' }

/** The {@link Shape} of one schema of the configuration. */
export function shapeOf(schema: TSchema): Shape {
  if (KindGuard.IsObject(schema)) return { kind: 'group', fields: Object.entries(schema.properties) }
  if (KindGuard.IsArray(schema)) return { kind: 'list', items: schema.items }
  if (KindGuard.IsRecord(schema)) {
    return { kind: 'mapping', values: Object.values<TSchema>(schema.patternProperties)[0] ?? schema }
  }
  if (KindGuard.IsUnion(schema)) {
    return schema.anyOf.every((member) => KindGuard.IsLiteral(member))
      ? { kind: 'words' }
      : { kind: 'alternatives', schemas: schema.anyOf.filter((member) => !KindGuard.IsNull(member)) }
  }
  return KindGuard.IsInteger(schema) ? { kind: 'number' } : { kind: 'text' }
}
