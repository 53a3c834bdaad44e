import { readFileSync } from 'node:fs'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { KeytrailError } from '../errors.ts'
import type { Path } from './problem.ts'

/** What a YAML file says. */
interface YamlFile {
  readonly value: unknown
  /** The line on which the value at `path`, or the nearest one around it, stands; 0 if it is not in the file. */
  lineOf(path: Path): number
}

/** Aliases that one file may resolve, against files that unfold to gigabytes. */
const MAX_ALIASES = 100

/** Reads a file's text. Throws CONFIG_UNREADABLE. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new KeytrailError(
      'CONFIG_UNREADABLE',
      `cannot read ${file}: ${why}; check the path and its permissions`,
      {
        cause,
      },
    )
  }
}

/**
 * Parses YAML 1.2. Throws CONFIG_INVALID with the place of every mistake, but without the text around it, which
 * may hold a secret. `name` is the file's name.
 */
export function parseYaml(text: string, name: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const mistakes = [...document.errors, ...document.warnings]
  if (mistakes.length > 0) {
    const places = mistakes.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0])
      return `  - ${name}:${line}:${col}: ${message}`
    })
    throw new KeytrailError('CONFIG_INVALID', `${name} is not valid YAML:\n${places.join('\n')}`)
  }
  return {
    value: unfold(() => document.toJS({ maxAliasCount: MAX_ALIASES }), name),
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true)
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
      }
      return 0
    },
  }
}

function unfold(toValue: () => unknown, name: string): unknown {
  try {
    return toValue()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new KeytrailError('CONFIG_INVALID', `${name} is not valid YAML: ${why}`, { cause })
  }
}
