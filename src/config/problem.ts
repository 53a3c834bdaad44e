import { KeytrailError } from '../errors.ts'

/** The way to a value: names, and indexes of lists. */
export type Path = readonly (string | number)[]

/** One thing wrong with the configuration; never holds a secret. */
export interface Problem {
  readonly path: Path
  readonly message: string
}

/** Longest value quoted in a problem. */
const MAX_SHOWN = 80

/** `listeners[0].bind` */
export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

/** What was found in a value's place; of a mapping or a list only that it is one, for it may hold secrets. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return String(value)
  // user and password of a URL
  const masked = value.replace(/\/\/[^/\s]*@/, '//***@')
  return JSON.stringify(masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked)
}

/** All problems in one error. `placeOf` says where a path's value was written: a line, a variable; '' if unknown. */
export function invalidConfig(
  source: string,
  problems: readonly Problem[],
  placeOf: (path: Path) => string,
): KeytrailError {
  const lines = problems.map(({ path, message }) => {
    const place = placeOf(path)
    return `  - ${formatPath(path)}${place === '' ? '' : ` (${place})`}: ${message}`
  })
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new KeytrailError('CONFIG_INVALID', `${source} has ${count}:\n${lines.join('\n')}`)
}
