import { serviceFailure } from './failure.ts'

/** A request's JSON object; {} where the request had no body. */
export type Fields = Readonly<Record<string, unknown>>

/** The bounds of a number, and what it is where it is absent. */
export interface NumberRule {
  readonly least: number
  readonly most: number
  readonly fallback: number
}

/** A string of at most `longest` characters; fails with INVALID_PARAMETER where it is absent or empty. */
export function textField(fields: Fields, name: string, longest: number): string {
  const value = fields[name]
  if (typeof value !== 'string' || value === '' || value.length > longest) {
    throw serviceFailure('INVALID_PARAMETER', `expected ${name} as a string of 1 to ${longest} characters`)
  }
  return value
}

/** Canonical base64 of 1 to `longest` bytes. */
export function base64Field(fields: Fields, name: string, longest: number): Buffer {
  return decodeBase64(fields[name], name, longest)
}

/** Like {@link base64Field}, but empty where it is absent. */
export function optionalBase64Field(fields: Fields, name: string, longest: number): Buffer {
  const value = fields[name]
  return value === undefined || value === null || value === ''
    ? Buffer.alloc(0)
    : decodeBase64(value, name, longest)
}

/** Decodes one value of a field; fails with INVALID_PARAMETER. */
export function decodeBase64(value: unknown, name: string, longest: number): Buffer {
  if (typeof value === 'string' && value !== '') {
    const bytes = Buffer.from(value, 'base64')
    if (bytes.length <= longest && bytes.toString('base64') === value) return bytes
  }
  throw serviceFailure('INVALID_PARAMETER', `expected ${name} as base64 of 1 to ${longest} bytes`)
}

export function flagField(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields[name] ?? fallback
  if (typeof value !== 'boolean')
    throw serviceFailure('INVALID_PARAMETER', `expected ${name} as true or false`)
  return value
}

export function numberField(fields: Fields, name: string, rule: NumberRule): number {
  const value = fields[name] ?? rule.fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= rule.least && value <= rule.most)
    return value
  throw serviceFailure(
    'INVALID_PARAMETER',
    `expected ${name} as a whole number from ${rule.least} to ${rule.most}`,
  )
}

/** A whole number of the query string, e.g. `pageNo`. */
export function numberParameter(query: URLSearchParams, name: string, rule: NumberRule): number {
  const text = query.get(name)
  if (text === null) return rule.fallback
  // Number() would also take '', ' 7', '0x7' and '7e0'.
  return numberField({ [name]: /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN }, name, rule)
}

/** One of `choices`; where it is absent, the first. */
export function choiceField<T>(fields: Fields, name: string, choices: readonly [T, ...T[]]): T {
  const value = fields[name] ?? choices[0]
  const found = choices.find((choice) => choice === value)
  if (found === undefined)
    throw serviceFailure('INVALID_PARAMETER', `expected ${name} as ${choices.join(' or ')}`)
  return found
}
