import { Value } from '@sinclair/typebox/value'
import { checkAgainst } from './check.ts'
import type { Config } from './config.ts'
import { isMapping, withDefaults } from './defaults.ts'
import { applyOverrides, type Environment, readEnvironment } from './environment.ts'
import { readNamedFiles } from './named-file.ts'
import { invalidConfig, type Problem, show } from './problem.ts'
import { checkRules } from './rule.ts'
import { type ConfigDocument, type ConfigSections, configSchema } from './schema.ts'
import { checkSupport } from './unsupported.ts'
import { parseYaml, readText } from './yaml-file.ts'

/** Where the configuration comes from. */
interface ConfigSource {
  /** A YAML file; null for the defaults. */
  readonly file: string | null
  /** KEYTRAIL_ variables override the file. */
  readonly env: Environment
}

/**
 * Reads, checks and freezes the configuration. Throws CONFIG_UNREADABLE where the file can't be read, and
 * CONFIG_INVALID with all its problems: the path of each, what was expected and what was found.
 */
export function loadConfig({ file, env }: ConfigSource): Config {
  const yaml = file === null ? null : parseYaml(readText(file), file)
  const overrides = readEnvironment(configSchema, env)
  const root = applyOverrides(yaml?.value ?? {}, overrides)
  const { sections, problems } = checkSections(root)
  problems.push(...overrides.problems, ...checkRules(sections))
  const files = readNamedFiles(sections, problems)
  if (problems.length > 0 || !isComplete(sections)) {
    throw invalidConfig(file ?? 'the configuration', problems, (path) => {
      const override = overrides.values.find(({ path: start }) =>
        start.every((step, index) => step === path[index]),
      )
      if (override !== undefined) return override.name
      const line = yaml?.lineOf(path) ?? 0
      return line === 0 ? '' : `line ${line}`
    })
  }
  const history = { ...sections.history, auth: files.auth }
  return deepFreeze({ ...sections, requesters: files.requesters, history })
}

/** Each section that is valid, parsed, so that the rules can look at those even if another one is not. */
function checkSections(root: unknown): { sections: ConfigSections; problems: Problem[] } {
  if (!isMapping(root)) {
    const message = `expected a mapping with listeners, upstream …, found ${show(root)}`
    return { sections: {}, problems: [{ path: [], message }] }
  }
  const document = withDefaults(configSchema, root) as Record<string, unknown>
  const problems = checkAgainst(configSchema, document)
  const invalid = new Set(problems.map(({ path }) => path[0]))
  const sections = Object.entries(configSchema.properties)
    .filter(([name]) => !invalid.has(name))
    .map(([name, schema]) => [name, Value.Decode(schema, document[name])])
  problems.push(...checkSupport(configSchema, document))
  return { sections: Object.fromEntries(sections), problems }
}

function isComplete(sections: ConfigSections): sections is ConfigDocument {
  return Object.keys(configSchema.properties).every((name) => Object.hasOwn(sections, name))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
