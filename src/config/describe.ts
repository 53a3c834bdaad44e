import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { stringify } from 'yaml'
import type { Config, HistoryJwt } from './config.ts'
import { isMapping } from './defaults.ts'
import { isSecret } from './field.ts'
import { configSchema } from './schema.ts'
import { shapeOf } from './shape.ts'

const MASK = '***'

/** The effective configuration as YAML text, in the file's own terms; secrets are masked. */
export function describeConfig(config: Config): string {
  const sections = Object.entries(configSchema.properties).map(([name, schema]) => [
    name,
    mask(schema, Value.Encode(schema, Value.Clone(fileForm(config, name)))),
  ])
  return stringify(Object.fromEntries(sections), { lineWidth: 0 })
}

/** In the file's terms again; of a file that was read, its content is told, not its name. */
function fileForm(config: Config, name: string): unknown {
  const { history } = config
  if (name !== 'history') return Object.entries(config).find(([key]) => key === name)?.[1]
  if (history.auth.kind === 'none') return { ...history, auth: 'none' }
  const tokens = history.auth.tokens.map((token) => ({ ...token, file: null }))
  return {
    ...history,
    auth: { tokens, jwt: jwtForm(history.auth.jwt), certificates: history.auth.certificates },
  }
}

function jwtForm(jwt: HistoryJwt | undefined): unknown {
  if (jwt === undefined) return null
  const { jwks, issuer, audience } = jwt
  if (typeof jwks === 'string') return { jwksUrl: jwks, jwksFile: null, issuer, audience }
  return { jwksUrl: null, jwksFile: `(read: ${jwks.keys.length} keys)`, issuer, audience }
}

function mask(schema: TSchema, value: unknown): unknown {
  const shape = shapeOf(schema)
  switch (shape.kind) {
    case 'group': {
      if (!isMapping(value)) return value
      const fields = new Map(shape.fields)
      const masked = Object.entries(value).map(([name, field]) => [name, maskField(fields.get(name), field)])
      return Object.fromEntries(masked)
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => mask(shape.items, item)) : value
    case 'alternatives': {
      const chosen = shape.schemas.find((one) => Value.Check(one, value))
      return maskField(chosen, value)
    }
    case 'mapping':
    case 'words':
    case 'number':
      return value
    case 'text':
      return isSecret(schema) ? MASK : value
    default:
      return shape satisfies never
  }
}

function maskField(schema: TSchema | undefined, value: unknown): unknown {
  return schema === undefined ? value : mask(schema, value)
}
