import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'
import { isMapping } from './defaults.ts'
import { formatPath, type Path } from './problem.ts'

/** Paths of the settings in which two configurations differ, as deep as both have the same mappings. */
export function changedSettings(before: Config, after: Config): string[] {
  return differences(before, after, []).map(formatPath)
}

function differences(before: unknown, after: unknown, path: Path): Path[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isMapping(before) || !isMapping(after)) return [path]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  // a mapping of free names (requesters) is one setting
  if (path.length > 0 && [...names].some((name) => !(name in before && name in after))) return [path]
  return [...names].flatMap((name) => differences(before[name], after[name], [...path, name]))
}
