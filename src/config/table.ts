import type { TSchema } from '@sinclair/typebox'
import { stringify } from 'yaml'
import { expectation, isUnsupported } from './field.ts'
import { configSchema } from './schema.ts'
import { shapeOf } from './shape.ts'

/** The README's configuration table (Markdown), one row for each field of the file. */
export function configTable(): string {
  const rows = rowsOf(configSchema, '')
  return ['| field | takes | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function rowsOf(schema: TSchema, path: string): string[] {
  const shape = shapeOf(schema)
  switch (shape.kind) {
    case 'group':
      return shape.fields.flatMap(([name, field]) => rowsOf(field, path === '' ? name : `${path}.${name}`))
    case 'list':
      return [row(path, schema), ...innerRows(schema, [shape.items], `${path}[]`)]
    case 'alternatives':
      return [row(path, schema), ...innerRows(schema, shape.schemas, path)]
    case 'mapping':
    case 'words':
    case 'number':
    case 'text':
      return [row(path, schema)]
    default:
      return shape satisfies never
  }
}

/** What a list's items or a field's alternatives are made of; the row before has told of those without fields. */
function innerRows(outer: TSchema, inner: readonly TSchema[], path: string): string[] {
  if (isUnsupported(outer)) return []
  return inner.flatMap((one) => (shapeOf(one).kind === 'group' ? rowsOf(one, path) : []))
}

function row(path: string, schema: TSchema): string {
  const meaning = `${schema.description}${isUnsupported(schema) ? ' Not yet supported.' : ''}`
  const takes = isUnsupported(schema) ? 'only the default' : expectation(schema)
  const cells = [`\`${path}\``, takes, defaultOf(schema), meaning]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultOf(schema: TSchema): string {
  if (schema.default === undefined) return 'required'
  return `\`${stringify(schema.default, { collectionStyle: 'flow', lineWidth: 0 }).trim()}\``
}
