import { Kind, type TObject, type TProperties, type TSchema, Type, TypeRegistry } from '@sinclair/typebox'
import { type Bind, formatBind, parseBind } from '../listener/bind.ts'
import { normalizeCidr } from '../listener/ip-set.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from './quantity.ts'

/** What every field says of itself; problems and the README's table are made of it. */
interface FieldNotes {
  /** What it does, its unit and its danger, for the operator. */
  readonly description: string
  /** What the file says by default; without one the field must be given. */
  readonly default?: unknown
  /** The value (or what is found in its place) is never shown. */
  readonly secret?: boolean
  /** The file format has it already, but only the default is taken: silence would be taken for yes. */
  readonly unsupported?: boolean
}

interface Bounds {
  readonly min: number
  readonly max: number
}

interface Parsing<T> {
  /** What to write, with its article: `a duration`. */
  readonly expected: string
  readonly example?: string
  /** null for what can't be read. */
  readonly parse: (value: unknown) => T | null
  readonly format: (value: T) => string | number
}

const PARSED = 'keytrail:parsed'

TypeRegistry.Set<{ accepts: (value: unknown) => boolean }>(PARSED, (schema, value) => schema.accepts(value))

/** A field whose text is parsed once, to the type the code uses. */
export function parsed<T>(notes: FieldNotes, { expected, example, parse, format }: Parsing<T>) {
  const accepts = (value: unknown) => parse(value) !== null
  return Type.Transform(
    Type.Unsafe<string | number>({ ...notes, expected, example, accepts, [Kind]: PARSED }),
  )
    .Decode((value): T => {
      const result = parse(value)
      if (result === null) throw new TypeError(`expected ${expected}`)
      return result
    })
    .Encode(format)
}

/** ms in the code. */
export function duration(notes: FieldNotes, { min, max }: Bounds) {
  return parsed(notes, {
    expected: `a duration from ${formatDuration(min)} to ${formatDuration(max)}`,
    example: '500ms, 3s, 2h',
    parse: (value) => within(parseDuration(value), min, max),
    format: formatDuration,
  })
}

/** Bytes in the code. */
export function size(notes: FieldNotes, { min, max }: Bounds) {
  return parsed(notes, {
    expected: `a size from ${formatSize(min)} to ${formatSize(max)}`,
    example: '512B, 16KiB, 1GiB',
    parse: (value) => within(parseSize(value), min, max),
    format: formatSize,
  })
}

function within(value: number | null, min: number, max: number): number | null {
  return value !== null && value >= min && value <= max ? value : null
}

export function integer(notes: FieldNotes, { min, max }: Bounds) {
  return Type.Integer({
    ...notes,
    minimum: min,
    maximum: max,
    expected: `a whole number from ${min} to ${max}`,
  })
}

/** A {@link Bind} in the code. */
export function bind(notes: FieldNotes) {
  return parsed<Bind>(notes, {
    expected: 'host:port',
    example: '127.0.0.1:8300 or [::1]:8300',
    parse: parseBind,
    format: formatBind,
  })
}

/** A CIDR block; canonical text in the code. */
export function cidr(notes: FieldNotes) {
  return parsed<string>(notes, {
    expected: 'an address or a CIDR block without host bits',
    example: '10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
    parse: (value) => (typeof value === 'string' ? normalizeCidr(value) : null),
    format: (value) => value,
  })
}

/** A header's name (RFC 9110 5.1); lower case in the code. */
export function headerName(notes: FieldNotes) {
  return parsed<string>(notes, {
    expected: 'a header name',
    example: 'origin',
    parse: (value) =>
      typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]{1,256}$/.test(value) ? value.toLowerCase() : null,
    format: (value) => value,
  })
}

/** Text without control characters, at most 4096 characters. */
export function text(notes: FieldNotes, expected: string) {
  return Type.String({ ...notes, expected, pattern: '^[^\\u0000-\\u001f\\u007f]{1,4096}$' })
}

export function choice<const T extends string>(notes: FieldNotes, words: readonly T[]) {
  const expected = `one of ${words.join(', ')}`
  return Type.Union(
    words.map((word) => Type.Literal(word)),
    { ...notes, expected },
  ) as ReturnType<typeof Type.Unsafe<T>>
}

/** A list, empty by default unless the notes say otherwise. */
export function list<T extends TSchema>(
  notes: FieldNotes,
  items: T,
  options: { readonly minItems?: number } = {},
) {
  return Type.Array(items, {
    default: [],
    ...notes,
    ...options,
    expected: `a list, each item ${expectation(items)}`,
  })
}

/** A group of fields; each has a default, so that the whole group may be left out. */
export function section<T extends TProperties>(description: string, properties: T): TObject<T> {
  return Type.Object(properties, {
    description,
    default: {},
    additionalProperties: false,
    expected: mappingOf(properties),
  })
}

/** One item of a list, or an alternative of a field: it is there or not. */
export function entry<T extends TProperties>(description: string, properties: T): TObject<T> {
  return Type.Object(properties, {
    description,
    additionalProperties: false,
    expected: mappingOf(properties),
  })
}

/** A field that may be null, and is by default. */
export function nullable<T extends TSchema>(notes: FieldNotes, schema: T) {
  return Type.Union([Type.Null(), schema], {
    default: null,
    ...notes,
    expected: `null or ${expectation(schema)}`,
  })
}

/** What a field takes, with an example where there is one. */
export function advice(schema: TSchema): string {
  const { example } = schema
  return typeof example === 'string' ? `${expectation(schema)}, such as ${example}` : expectation(schema)
}

/** What a field takes, in words. */
export function expectation(schema: TSchema): string {
  const { expected } = schema
  return typeof expected === 'string' ? expected : 'another kind of value'
}

/** Whether only the default is taken. */
export function isUnsupported({ unsupported }: TSchema): boolean {
  return unsupported === true
}

/** Whether values must not be shown. */
export function isSecret({ secret }: TSchema): boolean {
  return secret === true
}

function mappingOf(properties: TProperties): string {
  return `a mapping with ${Object.keys(properties).join(', ')}`
}
