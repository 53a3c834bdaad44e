import type { TSchema } from '@sinclair/typebox'
import { KeytrailError } from '../errors.ts'
import { isMapping } from './defaults.ts'
import { nearest } from './nearest.ts'
import type { Path, Problem } from './problem.ts'
import { shapeOf } from './shape.ts'
import { parseYaml } from './yaml-file.ts'

/** The process's environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly path: readonly string[]
  readonly schema: TSchema
}

/** What the environment says. */
interface Overrides {
  readonly values: readonly {
    readonly name: string
    readonly path: readonly string[]
    readonly value: unknown
  }[]
  readonly problems: readonly Problem[]
}

const PREFIX = 'KEYTRAIL_'

/**
 * Kubernetes sets these for every service, `keytrail` and `keytrail-history` among them (the Docker links
 * variables of its «Accessing the Service»); they are not meant for us.
 */
const SERVICE_LINK =
  /^KEYTRAIL_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

/** The variable of every field: `upstream.timeouts.connect` is KEYTRAIL_UPSTREAM_TIMEOUTS_CONNECT. */
export function environmentVariables(schema: TSchema, path: readonly string[] = []): Map<string, Variable> {
  const shape = shapeOf(schema)
  if (shape.kind !== 'group') return new Map([[variableName(path), { path, schema }]])
  return new Map(shape.fields.flatMap(([name, field]) => [...environmentVariables(field, [...path, name])]))
}

function variableName(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return PREFIX + words.join('_')
}

/** Reads every KEYTRAIL_ variable; one that no field has is a problem, a silent slip otherwise. */
export function readEnvironment(schema: TSchema, environment: Environment): Overrides {
  const variables = environmentVariables(schema)
  const values: { name: string; path: readonly string[]; value: unknown }[] = []
  const problems: Problem[] = []
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue
    const variable = variables.get(name)
    if (variable === undefined) {
      if (!SERVICE_LINK.test(name)) problems.push(unknownVariable(name, variables.keys()))
      continue
    }
    try {
      values.push({ name, path: variable.path, value: parseValue(variable.schema, text, name) })
    } catch (error) {
      if (!(error instanceof KeytrailError)) throw error
      problems.push({ path: [name], message: error.message })
    }
  }
  return { values, problems }
}

function unknownVariable(name: string, known: Iterable<string>): Problem {
  const guess = nearest(name, known)
  return { path: [name], message: `unknown variable${guess === null ? '' : `; did you mean ${guess}?`}` }
}

/** Text and words are taken as they are, all else is inline YAML. */
function parseValue(schema: TSchema, text: string, name: string): unknown {
  if (text === '') throw new KeytrailError('CONFIG_INVALID', 'empty; unset it or give it a value')
  const { kind } = shapeOf(schema)
  return kind === 'text' || kind === 'words' ? text : parseYaml(text, name).value
}

/** `root` with the overrides in place; where something else stands in a group's place, that is left to be told. */
export function applyOverrides(root: unknown, overrides: Overrides): unknown {
  return overrides.values.reduce((value, override) => setAt(value, override.path, override.value), root)
}

function setAt(container: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (container !== undefined && !isMapping(container)) return container
  return { ...container, [step]: setAt(container?.[step], rest, value) }
}
